"""GitHub's answers, as far as keyless reads them: only the fields in use, so that an unknown one elsewhere stops nothing."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel


class User(BaseModel):
    """GET /user, /users/{login}: `type` is "User" or "Organization"."""

    id: int
    login: str
    type: str = "User"


class Permissions(BaseModel):
    """What the asking user may do in a repository."""

    admin: bool = False
    push: bool = False


class RepositoryItem(BaseModel):
    """GET /repos/{owner}/{name} and the lists of repositories."""

    id: int
    name: str
    owner: User
    default_branch: str
    private: bool
    archived: bool = False
    permissions: Permissions = Permissions()


class Pointer(BaseModel):
    """A commit that something points at."""

    sha: str


class Named(BaseModel):
    """Anything of which only the name matters."""

    name: str


class Rule(BaseModel):
    """One protection rule of an environment: "required_reviewers", "wait_timer", "branch_policy", or an app's own."""

    type: str


class EnvironmentItem(BaseModel):
    """An environment and what guards it."""

    name: str
    protection_rules: list[Rule] = []


class EnvironmentPage(BaseModel):
    """GET …/environments."""

    environments: list[EnvironmentItem] = []


class SecretItem(BaseModel):
    """One secret's entry. `visibility` only in an organisation's store."""

    name: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    visibility: str | None = None


class SecretPage(BaseModel):
    """GET …/secrets of any store."""

    secrets: list[SecretItem]


class SelectedPage(BaseModel):
    """GET …/secrets/{name}/repositories."""

    repositories: list[SelectedItem]


class SelectedItem(BaseModel):
    """One repository on an organisation secret's list."""

    id: int
    name: str
    owner: User


class PublicKey(BaseModel):
    """GET …/public-key: base64 of a Curve25519 key."""

    key_id: str
    key: str


class TreeEntry(BaseModel):
    """A line of a git tree: `type` is "blob", "tree" or "commit" (a submodule), `mode` 120000 a symbolic link."""

    path: str
    mode: str
    type: str
    sha: str


class Tree(BaseModel):
    """GET …/git/trees/{sha}."""

    sha: str
    tree: list[TreeEntry]
    truncated: bool = False


class Blob(BaseModel):
    """GET …/git/blobs/{sha}."""

    sha: str
    content: str
    encoding: str


class Reference(BaseModel):
    """GET …/git/ref/heads/{branch}."""

    ref: str
    object: Pointer


class Head(BaseModel):
    """The branch of a pull request."""

    ref: str


class PullItem(BaseModel):
    """A pull request, alone or in a list. API version 2026-03-10 says nothing of the merge's commit."""

    number: int
    html_url: str
    state: str
    head: Head
    merged_at: AwareDatetime | None = None
    merge_commit_sha: str | None = None


class Workflow(BaseModel):
    """A reusable workflow that a run called."""

    path: str


class RunItem(BaseModel):
    """A workflow run. `path` may end in `@` and a reference."""

    id: int
    run_attempt: int = 1
    path: str
    event: str
    head_branch: str | None = None
    head_sha: str
    status: str | None = None
    conclusion: str | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    html_url: str
    referenced_workflows: list[Workflow] | None = None


class RunPage(BaseModel):
    """GET …/runs."""

    workflow_runs: list[RunItem]


class StepItem(BaseModel):
    """One step of a job."""

    number: int
    name: str
    conclusion: str | None = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None


class JobItem(BaseModel):
    """One job; its id is its check run's id too."""

    id: int
    name: str
    conclusion: str | None = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    steps: list[StepItem] | None = None


class JobPage(BaseModel):
    """GET …/jobs."""

    jobs: list[JobItem]


class AnnotationItem(BaseModel):
    """GET …/check-runs/{id}/annotations."""

    annotation_level: str | None = None
    title: str | None = None
    message: str | None = None


class Alert(BaseModel):
    """GET …/secret-scanning/alerts; the value is neither asked for nor read."""

    number: int


SelectedPage.model_rebuild()
