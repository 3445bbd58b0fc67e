"""`run:` steps that build and upload, with each tool's own way of taking a credential."""

from __future__ import annotations

import pytest

from keyless.model.index import Index
from keyless.rehearsal.runner.shell import Command, commands
from tests.rehearsal.runner.bench import Bench

BEFORE = """\
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: PERMISSION}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
"""


def workflow(script: str, env: str = "{}", *, permission: str = "write") -> str:
    lines = "".join(f"          {line}\n" for line in script.splitlines())
    return BEFORE.replace("PERMISSION", permission) + f"      - env: {env}\n        run: |\n{lines}"


@pytest.mark.parametrize(
    ("script", "env"),
    [
        ("twine upload dist/*", "{TWINE_USERNAME: __token__, TWINE_PASSWORD: '${{ secrets.T }}'}"),
        ("python -m twine upload --non-interactive -u __token__ -p ${{ secrets.T }} dist/*", "{}"),
        ("export TWINE_PASSWORD=$T\npipx run twine upload dist/*.whl dist/*.tar.gz", "{T: '${{ secrets.T }}'}"),
        ("uv publish", "{UV_PUBLISH_TOKEN: '${{ secrets.T }}'}"),
        ('uv publish --token "$T"', "{T: '${{ secrets.T }}'}"),
        ("poetry config pypi-token.pypi $T\npoetry publish --build", "{T: '${{ secrets.T }}'}"),
        ("poetry publish -u __token__ -p ${{ secrets.T }}", "{}"),
        ("poetry publish --no-interaction", "{POETRY_PYPI_TOKEN_PYPI: '${{ secrets.T }}'}"),
        ("hatch publish --yes", "{HATCH_INDEX_USER: __token__, HATCH_INDEX_AUTH: '${{ secrets.T }}'}"),
        ("flit publish", "{FLIT_USERNAME: __token__, FLIT_PASSWORD: '${{ secrets.T }}'}"),
        ("pdm publish", "{PDM_PUBLISH_USERNAME: __token__, PDM_PUBLISH_PASSWORD: '${{ secrets.T }}'}"),
        ("maturin publish --skip-existing", "{MATURIN_PYPI_TOKEN: '${{ secrets.T }}'}"),
        (
            'if [ -n "$T" ]; then\n  twine upload \\\n    --skip-existing dist/*\nelse\n  exit 1\nfi',
            "{T: '${{ secrets.T }}', TWINE_PASSWORD: '${{ secrets.T }}'}",
        ),
    ],
)
def test_every_tool_uploads_with_the_token_it_is_given(bench: Bench, script: str, env: str) -> None:
    bench.secret("T", bench.token())
    outcome = bench.run(workflow(script, env, permission="none"))
    assert outcome.only.said == []
    assert outcome.conclusion == "success"
    assert set(bench.files().values()) == {"token"}
    assert len(bench.files()) == 2


@pytest.mark.parametrize(
    "script",
    ["twine upload dist/*", "uv publish", "uv publish --trusted-publishing always", "pdm publish", "maturin publish"],
)
def test_tools_that_know_trusted_publishing_use_it_when_nothing_is_given(bench: Bench, script: str) -> None:
    bench.publisher()
    outcome = bench.run(workflow(script))
    assert outcome.only.said == []
    assert set(bench.files().values()) == {"trusted"}


@pytest.mark.parametrize("script", ["poetry publish", "flit publish", "hatch publish"])
def test_tools_without_trusted_publishing_fail_when_nothing_is_given(bench: Bench, script: str) -> None:
    bench.publisher()
    assert bench.run(workflow(script)).conclusion == "failure"
    assert bench.files() == {}


@pytest.mark.parametrize(
    ("script", "variable"), [("twine upload dist/*", "TWINE_PASSWORD"), ("uv publish", "UV_PUBLISH_TOKEN")]
)
def test_a_removed_secret_that_is_still_handed_over_is_an_empty_credential_and_fails(
    bench: Bench, script: str, variable: str
) -> None:
    bench.publisher()
    outcome = bench.run(workflow(script, f"{{{variable}: '${{{{ secrets.GONE }}}}'}}"))
    assert outcome.conclusion == "failure"
    assert bench.files() == {}


def test_uv_refuses_a_token_together_with_trusted_publishing(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(workflow("uv publish --trusted-publishing always", "{UV_PUBLISH_TOKEN: ''}"))
    assert "not allowed when using trusted publishing" in outcome.only.words


def test_uv_without_the_permission_falls_back_unless_told_always(bench: Bench) -> None:
    bench.publisher()
    always = bench.run(workflow("uv publish --trusted-publishing always", permission="none"))
    assert "OIDC token permissions" in always.only.words
    assert bench.run(workflow("uv publish", permission="none")).conclusion == "failure"


@pytest.mark.parametrize(
    ("script", "env"),
    [
        ("twine upload -r testpypi dist/*", "{TWINE_PASSWORD: '${{ secrets.T }}'}"),
        ("twine upload --repository-url https://test.pypi.org/legacy/ dist/*", "{TWINE_PASSWORD: '${{ secrets.T }}'}"),
        ("uv publish --publish-url https://test.pypi.org/legacy/ -t $T", "{T: '${{ secrets.T }}'}"),
        ("hatch publish -r test -u __token__ -a $T", "{T: '${{ secrets.T }}'}"),
        (
            (
                "poetry config repositories.testing https://test.pypi.org/legacy/\n"
                "poetry config pypi-token.testing $T\npoetry publish -r testing"
            ),
            "{T: '${{ secrets.T }}'}",
        ),
    ],
)
def test_the_command_line_decides_which_index(bench: Bench, script: str, env: str) -> None:
    bench.secret("T", bench.token(Index.TESTPYPI))
    outcome = bench.run(workflow(script, env))
    assert outcome.only.said == []
    assert bench.files() == {}
    assert len(bench.files(Index.TESTPYPI)) == 2


def test_uv_finds_an_index_by_its_name_in_pyproject(bench: Bench) -> None:
    bench.secret("T", bench.token(Index.TESTPYPI))
    named = '[[tool.uv.index]]\nname = "trial"\nurl = "x"\npublish-url = "https://test.pypi.org/legacy/"\n'
    outcome = bench.run(
        workflow("uv publish --index trial", "{UV_PUBLISH_TOKEN: '${{ secrets.T }}'}"),
        pyproject='[project]\nname = "example-project"\nversion = "1"\n' + named,
    )
    assert outcome.conclusion == "success"
    assert bench.files(Index.TESTPYPI)


def test_uv_gives_its_minted_token_back_after_the_upload(bench: Bench) -> None:
    from keyless.rehearsal.index import state

    bench.publisher()
    bench.run(workflow("uv publish"))
    assert [token for token in state.tokens(bench.store, Index.PYPI) if token["publisher"]] == []


def test_commands_of_a_script() -> None:
    env = {"A": "one two", "EMPTY": ""}
    script = """
    # a comment
    set -e
    B="${A}" echo $A ${MISSING:-default} && cd "x y"; false || true
    C=3
    if [ -z "$EMPTY" ]; then echo yes; else echo no; fi
    echo "k=v" >> "$GITHUB_OUTPUT"
    """
    assert list(commands(script, env)) == [
        Command(("set", "-e")),
        Command(("echo", "one two", "default"), {"B": "one two"}),
        Command(("cd", "x y")),
        Command(("false",)),
        Command(("true",)),
        Command(("echo", "yes")),
        Command(("echo", "k=v"), {}, ""),
    ]
    assert env["C"] == "3"


@pytest.mark.parametrize(
    "command",
    [
        "python -m build",
        "python -m build --wheel .",
        "python3 -m build . --outdir dist",
        "pipx run build",
        "uv build",
        "uvx --from build pyproject-build -o dist",
        "poetry build",
        "hatch build",
        "hatch build -t wheel",
        "flit build",
        "pdm build",
        "python setup.py sdist bdist_wheel",
        "maturin build --release --out dist",
        "cibuildwheel --output-dir dist",
    ],
)
def test_every_builder_leaves_distributions_in_dist(bench: Bench, command: str) -> None:
    bench.secret("T", bench.token())
    text = workflow("twine upload dist/*", "{TWINE_PASSWORD: '${{ secrets.T }}'}").replace("python -m build", command)
    outcome = bench.run(text)
    assert outcome.only.said == []
    assert bench.files()


def test_a_folder_of_its_own_is_built_where_it_lies(bench: Bench) -> None:
    bench.secret("T", bench.token())
    text = workflow("cd packages/a && python -m build && twine upload dist/*", "{TWINE_PASSWORD: '${{ secrets.T }}'}")
    inside = {"packages/a/pyproject.toml": '[project]\nname = "example-project"\nversion = "7"\n'}
    outcome = bench.run(text, **inside)
    assert outcome.only.said == []
    assert {name.split("-")[1].removesuffix(".tar.gz") for name in bench.files()} == {"7"}
