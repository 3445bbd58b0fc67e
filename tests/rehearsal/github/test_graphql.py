"""GraphQL: reading many repositories in one request, and createCommitOnBranch."""

from __future__ import annotations

import base64

import pytest

from keyless.rehearsal.github import state
from keyless.rehearsal.github.graphql.parser import NotGraphQL, Variable, parse
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import FINE, WORKFLOW, Client

RELEASE = ".github/workflows/release.yml"
COMMIT = """
mutation Commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url } ref { name target { oid } } clientMutationId }
}"""
AUTOMATION = """
fragment Automation on Repository {
  databaseId nameWithOwner
  defaultBranchRef { name target { oid } }
  environments(first: 100) { nodes { name } }
  object(expression: "HEAD:.github/workflows") {
    oid
    ... on Tree { entries { name path oid type object { __typename ... on Blob { text isBinary byteSize } } } }
  }
}"""


def commit(client: Client, expected: str, additions: dict[str, bytes], deletions: tuple[str, ...] = (), **more) -> dict:
    given = {
        "branch": {"repositoryNameWithOwner": "acme/demo", "branchName": "main"},
        "expectedHeadOid": expected,
        "message": {"headline": "Move to trusted publishing", "body": "Why"},
        "fileChanges": {
            "additions": [
                {"path": path, "contents": base64.b64encode(one).decode()} for path, one in additions.items()
            ],
            "deletions": [{"path": path} for path in deletions],
        },
        **more,
    }
    return client.graphql(COMMIT, input=given)


def test_fifty_repositories_in_one_request(store: Store, ada: Client):
    for number in range(48):
        state.create_repository(store, "acme", f"r{number}", owner_is_organisation=True, files={RELEASE: b"on: push\n"})
    state.create_environment(store, "acme", "demo", "pypi")
    names = ["demo", "hidden", *(f"r{number}" for number in range(48))]
    aliases = "\n".join(
        f'r{i}: repository(owner: "acme", name: "{one}") {{ ...Automation }}' for i, one in enumerate(names)
    )
    answer = ada.graphql(f"query {{ {aliases} rateLimit {{ cost remaining }} }} {AUTOMATION}")
    data = answer["data"]
    assert "errors" not in answer
    assert len(data) == 51
    assert data["rateLimit"] == {"cost": 1, "remaining": 5000}
    assert data["r0"]["environments"] == {"nodes": [{"name": "pypi"}]}
    (entry,) = data["r0"]["object"]["entries"]
    assert (entry["name"], entry["path"], entry["type"]) == ("release.yml", RELEASE, "blob")
    assert entry["object"] == {
        "__typename": "Blob",
        "text": WORKFLOW.decode(),
        "isBinary": False,
        "byteSize": len(WORKFLOW),
    }
    assert data["r0"]["defaultBranchRef"]["target"]["oid"] == state.head(store, "acme", "demo", "main")
    assert ada.json("/rate_limit")["resources"]["graphql"]["remaining"] == 4999


def test_what_cannot_be_seen_is_null_with_its_reason_and_the_rest_is_answered(eve: Client):
    query = 'query { a: repository(owner: "acme", name: "demo") { name } b: repository(owner: "acme", name: "hidden") { name } }'
    answer = eve.graphql(query)
    assert answer["data"] == {"a": {"name": "demo"}, "b": None}
    (error,) = answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["b"])
    assert error["message"] == "Could not resolve to a Repository with the name 'acme/hidden'."


def test_a_renamed_repository_answers_under_its_new_name(store: Store, ada: Client):
    state.rename_repository(store, "acme", "demo", "other")
    answer = ada.graphql('{ repository(owner: "acme", name: "demo") { nameWithOwner } }')
    assert answer == {"data": {"repository": {"nameWithOwner": "acme/other"}}}


def test_objects_by_expression_and_by_id(store: Store, ada: Client):
    state.create_branch(store, "acme", "demo", "topic", {"bin": b"\0\1", ".github/actions/x/action.yml": b"runs: {}\n"})
    query = """query($oid: GitObjectID!) { repository(owner: "acme", name: "demo") {
      commit: object(oid: $oid) { __typename ... on Commit { messageHeadline tree { oid } } }
      file: object(expression: "main:README.md") { ... on Blob { text } }
      binary: object(expression: "topic:bin") { ... on Blob { text isBinary byteSize } }
      nested: object(expression: "topic:.github/actions") { ... on Tree { entries { path object { ... on Tree { entries { path } } } } } }
      top: object(expression: "main:") { __typename }
      none: object(expression: "main:none") { oid }
      unknown: object(expression: "none:README.md") { oid }
    } }"""
    found = ada.graphql(query, oid=state.head(store, "acme", "demo", "topic"))["data"]["repository"]
    assert found["commit"]["__typename"] == "Commit"
    assert found["commit"]["messageHeadline"] == "Start topic"
    assert found["file"] == {"text": "hello\n"}
    assert found["binary"] == {"text": None, "isBinary": True, "byteSize": 2}
    (action,) = found["nested"]["entries"]
    assert action == {"path": ".github/actions/x", "object": {"entries": [{"path": ".github/actions/x/action.yml"}]}}
    assert (found["top"], found["none"], found["unknown"]) == ({"__typename": "Tree"}, None, None)


def test_references_come_in_pages(store: Store, ada: Client):
    for number in range(5):
        state.create_branch(store, "acme", "demo", f"b{number}")
    query = """query($after: String) { repository(owner: "acme", name: "demo") {
      refs(refPrefix: "refs/heads/", first: 4, after: $after) {
        totalCount nodes { name prefix target { ... on Commit { tree { oid } committedDate } } } pageInfo { hasNextPage endCursor }
      } } }"""
    first = ada.graphql(query, after=None)["data"]["repository"]["refs"]
    second = ada.graphql(query, after=first["pageInfo"]["endCursor"])["data"]["repository"]["refs"]
    assert first["totalCount"] == 6
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    names = [one["name"] for one in first["nodes"] + second["nodes"]]
    assert names == ["b0", "b1", "b2", "b3", "b4", "main"]
    assert len({one["target"]["tree"]["oid"] for one in first["nodes"]}) == 1


def test_a_connection_without_a_page_size_is_refused(ada: Client):
    ask = '{ repository(owner: "acme", name: "demo") { refs(refPrefix: "refs/heads/"%s) { totalCount } } }'
    assert ada.graphql(ask % "")["errors"][0]["type"] == "MISSING_PAGINATION_BOUNDARIES"
    assert ada.graphql(ask % ", first: 101")["errors"][0]["type"] == "EXCESSIVE_PAGINATION"


def test_an_organisations_repositories(ada: Client, eve: Client):
    query = '{ organization(login: "acme") { login repositories(first: 10) { nodes { name isPrivate viewerPermission } } } }'
    nodes = ada.graphql(query)["data"]["organization"]["repositories"]["nodes"]
    assert [(one["name"], one["viewerPermission"]) for one in nodes] == [("demo", "ADMIN"), ("hidden", "ADMIN")]
    assert len(eve.graphql(query)["data"]["organization"]["repositories"]["nodes"]) == 1
    assert ada.graphql('{ organization(login: "ada") { login } }')["errors"][0]["type"] == "NOT_FOUND"
    owner = ada.graphql('{ repositoryOwner(login: "ada") { __typename login ... on User { databaseId } } }')
    assert owner["data"]["repositoryOwner"]["__typename"] == "User"
    assert isinstance(owner["data"]["repositoryOwner"]["databaseId"], int)


def test_include_and_skip(ada: Client):
    query = "query($yes: Boolean!) { viewer { login @include(if: $yes) databaseId @skip(if: $yes) } }"
    assert ada.graphql(query, yes=True)["data"]["viewer"].keys() == {"login"}
    assert ada.graphql(query, yes=False)["data"]["viewer"].keys() == {"databaseId"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ viewer { nonsense } }", "undefinedField"),
        ("{ viewer }", "selectionMismatch"),
        ("{ viewer { login { x } } }", "selectionMismatch"),
        ("{ viewer { ...Gone } }", "useAndDefineFragment"),
        ("{ viewer { ... on Gone { x } } }", "undefinedType"),
        ('{ repository(owner: $o, name: "x") { name } }', "variableNotDefined"),
    ],
)
def test_a_query_that_the_types_do_not_have_is_refused_as_a_whole(ada: Client, query: str, code: str):
    answer = ada.graphql(query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize(
    "text", ["", "{", "{ a(", "query { a: }", "subscription { a }", "{ a(b: ) }", "{ a } }", '{ a(b: "x) }', "{ }}"]
)
def test_what_is_not_graphql_is_refused(ada: Client, text: str):
    answer = ada.ask("POST", "/graphql", json={"query": text})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or answer.json()["errors"]


def test_of_several_operations_one_is_named(ada: Client):
    query = "query A { viewer { login } } query B { viewer { databaseId } }"
    both = ada.ask("POST", "/graphql", json={"query": query, "operationName": "B"})
    assert both.json()["data"]["viewer"].keys() == {"databaseId"}
    assert "errors" in ada.graphql(query)
    assert "errors" in ada.ask("POST", "/graphql", json={"query": query, "operationName": "C"}).json()


def test_contents_of_a_private_repository_need_their_permission(store: Store):
    state.create_token(store, "ada", FINE, kind="fine-grained", permissions={"secrets": "read"})
    query = '{ repository(owner: "acme", name: "hidden") { name ref(qualifiedName: "main") { name } } }'
    answer = Client(store, FINE).graphql(query)
    assert answer["data"]["repository"] == {"name": "hidden", "ref": None}
    assert answer["errors"][0]["type"] == "FORBIDDEN"
    more = {"contents": "read"}
    state.create_token(store, "ada", FINE, kind="fine-grained", permissions=more)
    assert Client(store, FINE).graphql(query)["data"]["repository"]["ref"] == {"name": "main"}
    missing = '{ repository(owner: "acme", name: "hidden") { ref(qualifiedName: "refs/heads/none") { name } } }'
    assert Client(store, FINE).graphql(missing) == {"data": {"repository": {"ref": None}}}


def test_the_parser_reads_every_kind_of_value():
    text = '''query Q($a: [Int!]! = [1, 2], $b: X = {c: RED}) @d(if: true) { # a comment
      f(i: -1, f: 1.5e3, s: "a\\n\\"b\\u00e9", block: """two "quoted" lines""", t: true, n: null, e: RED, l: [1, $a], o: {k: $b}) }'''
    (operation,) = parse(text).operations
    assert operation.variables == {"a": [1, 2], "b": {"c": "RED"}}
    (field,) = operation.selections
    assert field.arguments == {
        "i": -1,
        "f": 1500.0,
        "s": 'a\n"bé',
        "block": 'two "quoted" lines',
        "t": True,
        "n": None,
        "e": "RED",
        "l": [1, Variable("a")],
        "o": {"k": Variable("b")},
    }
    with pytest.raises(NotGraphQL):
        parse("fragment F { x }")


def test_a_commit_with_several_files(store: Store, bob: Client):
    before = state.head(store, "acme", "demo", "main")
    answer = commit(
        bob, before, {RELEASE: b"on: release\n", "new/deep.txt": b"1"}, ("README.md",), clientMutationId="c1"
    )
    payload = answer["data"]["createCommitOnBranch"]
    after = state.head(store, "acme", "demo", "main")
    assert payload["commit"]["oid"] == payload["ref"]["target"]["oid"] == after != before
    assert payload["clientMutationId"] == "c1"
    files = state.tree(store, "acme", "demo", "main")
    assert files == {RELEASE: b"on: release\n", "new/deep.txt": b"1", "src/demo/__init__.py": b""}
    shown = bob.json(f"/repos/acme/demo/commits/{after}")
    assert shown["commit"]["message"] == "Move to trusted publishing\n\nWhy"
    assert (shown["author"]["login"], shown["parents"][0]["sha"]) == ("bob", before)


def test_a_commit_on_a_branch_that_moved_is_stale(store: Store, bob: Client):
    """The message and type are GitHub's own, the two spaces included."""
    seen = state.head(store, "acme", "demo", "main")
    state.commit(store, "acme", "demo", "main", {"x": b"1"}, "meanwhile")
    now = state.head(store, "acme", "demo", "main")
    answer = commit(bob, seen, {"y": b"2"})
    assert answer["data"] == {"createCommitOnBranch": None}
    assert answer["errors"][0]["type"] == "STALE_DATA"
    assert (
        answer["errors"][0]["message"] == f'Expected branch to point to "{seen}" but it did not.  Pull and try again.'
    )
    assert state.head(store, "acme", "demo", "main") == now


def test_a_commit_to_a_workflow_without_the_scope(store: Store, bob: Client):
    state.lose_permission(store, "bob", "workflow")
    before = state.head(store, "acme", "demo", "main")
    answer = commit(bob, before, {"ok.txt": b"1", RELEASE: b"x"})
    assert answer["errors"][0]["type"] == "FORBIDDEN"
    assert answer["errors"][0]["message"] == (
        f"refusing to allow a Personal Access Token to create or update workflow `{RELEASE}` without `workflow` scope"
    )
    assert state.head(store, "acme", "demo", "main") == before
    assert "errors" not in commit(bob, before, {"ok.txt": b"1"})


@pytest.mark.parametrize(("contents", "workflows"), [("read", "write"), ("write", "read"), ("write", "write")])
def test_a_fine_grained_token_needs_contents_and_workflows(store: Store, contents: str, workflows: str):
    permissions = {"contents": contents, "workflows": workflows}
    state.create_token(store, "bob", FINE, kind="fine-grained", permissions=permissions)
    answer = commit(Client(store, FINE), state.head(store, "acme", "demo", "main"), {RELEASE: b"x"})
    refused = "errors" in answer
    assert refused == ((contents, workflows) != ("write", "write"))
    assert not refused or answer["errors"][0]["message"] == "Resource not accessible by personal access token"


def test_other_commits_that_github_refuses(store: Store, bob: Client, eve: Client):
    before = state.head(store, "acme", "demo", "main")
    assert commit(eve, before, {"x": b"1"})["errors"][0]["type"] == "FORBIDDEN"
    assert commit(bob, before, {}, ("none.txt",))["errors"][0]["type"] == "UNPROCESSABLE"
    nowhere = {"repositoryNameWithOwner": "acme/demo", "branchName": "none"}
    assert commit(bob, before, {"x": b"1"}, branch=nowhere)["errors"][0]["type"] == "NOT_FOUND"
    hidden = {"repositoryNameWithOwner": "acme/hidden", "branchName": "main"}
    assert commit(eve, before, {"x": b"1"}, branch=hidden)["errors"][0]["type"] == "NOT_FOUND"
    not_base64 = {"additions": [{"path": "x", "contents": "!"}]}
    assert commit(bob, before, {}, fileChanges=not_base64)["errors"][0]["type"] == "UNPROCESSABLE"
    state.change_repository(store, "acme", "demo", archived=True)
    assert commit(bob, before, {"x": b"1"})["errors"][0]["type"] == "FORBIDDEN"
    assert state.head(store, "acme", "demo", "main") == before


def test_graphql_needs_a_token(nobody: Client):
    assert nobody.ask("POST", "/graphql", json={"query": "{viewer{login}}"}).status_code == 401
