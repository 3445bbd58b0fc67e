"""Cases in which every bundle is true, and the release is not the one that would prove anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from keyless.model.index import Index
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Missing, Unreadable
from keyless.rehearsal.issuer import job_claims
from tests.proofs.negatives.case import case
from tests.proofs.negatives.layers import BAR, EVERY_FILE, SOME_FILE, finding
from tests.proofs.negatives.scenario import DAY, HOUR, WHEEL, Scenario, sha256
from tests.services.sigstore.conftest import JOB, PUBLISHER

Change = Callable[[Scenario], object]
REPOSITORY, WORKFLOW, ELSEWHERE = finding("repository-differs"), finding("workflow-differs"), finding("run-elsewhere")
RUN, COMMIT, MIXED = finding("run-differs"), finding("commit-differs"), finding("mixed-files")


def released(repository: str = "shap/shap", workflow: str = "release.yml", **job: Any) -> Change:
    """The whole release came through another publisher, with true attestations that the index states truly."""
    owner, name = repository.split("/")

    def change(scenario: Scenario) -> None:
        environment = job.get("environment", "pypi")
        publisher = Publisher(owner, name, workflow, environment)
        path = f".github/workflows/{workflow}"
        scenario.attest(publisher=publisher, repository=repository, workflow_path=path, **job)

    return change


def unsigned(environment: str | None) -> Change:
    """The certificate says no environment, the index says this one."""
    return lambda s: s.attest(publisher=replace(PUBLISHER, environment=environment), environment=None)


def one_by_another_publisher(scenario: Scenario) -> None:
    scenario.attest(
        WHEEL, publisher=replace(PUBLISHER, workflow="wheels.yml"), workflow_path=".github/workflows/wheels.yml"
    )


def unprovenanced(scenario: Scenario) -> None:
    """The wheel was uploaded with a token beside the trusted upload."""
    scenario.documents[WHEEL] = Missing("provenance")
    scenario.change_files(WHEEL, has_provenance=False)


def answers(reading: object, **file: Any) -> Change:
    def change(scenario: Scenario) -> None:
        scenario.documents[WHEEL] = reading
        scenario.change_files(WHEEL, **file)

    return change


def nothing_at_all(scenario: Scenario) -> None:
    scenario.files, scenario.listed = {}, {}


def one_more(which: str) -> Change:
    def change(scenario: Scenario) -> None:
        name = WHEEL.replace("cp311", "cp312")
        file = replace(scenario.files[WHEEL], filename=name, sha256=sha256(name))
        if which == "listed":
            scenario.listed[name] = file
        else:
            scenario.documents[name] = None
            scenario.attest(name)
            scenario.files[name] = file

    return change


def untrusted_root(scenario: Scenario) -> None:
    (scenario.bench.folder / "broken.json").write_text("{}")
    scenario.root = "broken.json"


def inferred_only(scenario: Scenario) -> None:
    scenario.without_provenance()
    scenario.bar = Grade.ATTESTED


def inferred_for_declared(scenario: Scenario) -> None:
    scenario.without_provenance()
    scenario.bar = Grade.DECLARED


def reusable(scenario: Scenario) -> None:
    scenario.attest(job_workflow_ref="evil/shared/.github/workflows/publish.yml@refs/heads/main")


def another_ref(scenario: Scenario) -> None:
    """The signing workflow is read from a branch while the run is one for a tag."""
    scenario.attest(job_workflow_ref="shap/shap/.github/workflows/release.yml@refs/heads/main")


def workflow_of_another_commit(scenario: Scenario) -> None:
    claims = job_claims(JOB) | {"workflow_sha": "0" * 40}
    for name in scenario.documents:
        signed = scenario.bench.standin.attest(claims, name, sha256(name))
        scenario.documents[name] = scenario.bench.provenance(signed)


def declared_by_another(scenario: Scenario) -> None:
    """No trust root, what the index states would do, and it states another publisher."""
    released("evil/shap")(scenario)
    untrusted_root(scenario)
    scenario.bar = Grade.DECLARED


def warned(title: str) -> Change:
    return lambda s: s.warned(title)


def shifted(**by: timedelta) -> Change:
    """Upload later (or earlier) than it was signed, and look after that."""

    def change(scenario: Scenario) -> None:
        moment = scenario.now - HOUR + timedelta(**by)
        scenario.change_files(uploaded_at=moment)
        scenario.now = max(scenario.now, moment + HOUR)

    return change


RELEASES = (
    # Another publisher, rightly attested.
    case("owner", released("evil/shap"), "repository-differs", REPOSITORY, WORKFLOW, ELSEWHERE),
    case(
        "fork",
        released("somebody-shap/shap", repository_id=9),
        "repository-differs",
        REPOSITORY,
        WORKFLOW,
        ELSEWHERE,
        finding("repository-id-differs"),
    ),
    case("repository", released("shap/shap-next"), "repository-differs", REPOSITORY, WORKFLOW, ELSEWHERE),
    case("repository by case alone", released("shap/Shap"), "repository-differs", REPOSITORY, WORKFLOW, ELSEWHERE),
    case(
        "renamed repository",
        lambda s: s.expect(publisher=replace(PUBLISHER, repository="shapley")),
        "repository-differs",
        REPOSITORY,
        WORKFLOW,
        ELSEWHERE,
        finding("run-of-another-repository"),
    ),
    case(
        "repository of the same name, made anew",
        released(repository_id=9),
        "repository-id-differs",
        finding("repository-id-differs"),
    ),
    case("owner of the same name, made anew", released(owner_id=9), "owner-id-differs", finding("owner-id-differs")),
    case("another workflow of the repository", released(workflow="other.yml"), "workflow-differs", WORKFLOW),
    case("workflow by case alone", released(workflow="Release.yml"), "workflow-differs", WORKFLOW),
    case(".yaml for .yml", released(workflow="release.yaml"), "workflow-differs", WORKFLOW),
    case(
        "another environment", released(environment="testpypi"), "environment-differs", finding("environment-differs")
    ),
    case("no environment", unsigned(None), "environment-unknown", finding("environment-unknown")),
    case(
        "environment that only the index states, and wrongly",
        unsigned("release"),
        "environment-differs",
        finding("environment-differs"),
    ),
    case("reusable workflow of somebody else", reusable, "workflow-differs", WORKFLOW),
    case("workflow of another ref", another_ref, "reference-differs", finding("reference-differs")),
    case(
        "workflow of another commit",
        workflow_of_another_commit,
        "commits-differ",
        finding("commits-differ"),
    ),
    case("stated to be another's, unverified", declared_by_another, "publisher-differs", finding("publisher-differs")),
    case(
        "run for a pull request",
        released(ref="refs/pull/7/merge", event="pull_request"),
        "pull-request",
        finding("pull-request"),
    ),
    case(
        "run for a fork's pull request", released(event="pull_request_target"), "pull-request", finding("pull-request")
    ),
    # Times.
    case(
        "uploaded before the change",
        lambda s: s.expect(after=s.now + DAY),
        "uploaded-before-change",
        finding("uploaded-before-change"),
        finding("signed-before-change"),
        finding("run-before-change"),
    ),
    case(
        "signed before the change, uploaded after it",
        lambda s: (s.expect(after=s.now), s.change_files(uploaded_at=s.now), s.change_run(created_at=s.now)),
        "signed-before-change",
        finding("signed-before-change"),
    ),
    case(
        "an old run again",
        lambda s: s.change_run(created_at=s.now - 30 * DAY),
        "run-before-change",
        finding("run-before-change"),
    ),
    case("signed after the upload", shifted(minutes=-30), "signed-after-upload", finding("signed-after-upload")),
    case("signed long before the upload", shifted(days=36), "signed-long-before", finding("signed-long-before")),
    case(
        "uploaded in the future",
        lambda s: s.change_files(uploaded_at=s.now + HOUR),
        "uploaded-in-future",
        finding("uploaded-in-future"),
    ),
    # Which release.
    case(
        "TestPyPI's release for PyPI's proof",
        lambda s: s.release.update(index=Index.TESTPYPI),
        "wrong-index",
        finding("wrong-index"),
    ),
    case(
        "another project's release",
        lambda s: s.release.update(project="slap"),
        "wrong-project",
        finding("wrong-project"),
    ),
    case(
        "another version's release",
        lambda s: s.release.update(version="0.46.0"),
        "wrong-version",
        finding("wrong-version"),
    ),
    case("no files", nothing_at_all, "no-files", finding("no-files"), SOME_FILE),
    case("a file that nobody looked at", one_more("listed"), "file-not-examined", finding("file-not-examined")),
    case(
        "a file that the release does not have",
        one_more("looked at"),
        "file-not-of-release",
        finding("file-not-of-release"),
    ),
    # Every file, and together.
    case("a second upload by token beside the trusted one", unprovenanced, "mixed-files", MIXED, EVERY_FILE),
    case(
        "an empty provenance",
        answers({"version": 1, "attestation_bundles": []}, has_provenance=False),
        "mixed-files",
        MIXED,
        EVERY_FILE,
    ),
    case(
        "the index lists provenance and gives none",
        answers(Missing("provenance")),
        "index-disagrees",
        EVERY_FILE,
    ),
    case(
        "the index lists no provenance and gives some",
        lambda s: s.change_files(WHEEL, has_provenance=False),
        "index-disagrees",
        finding("index-disagrees"),
    ),
    case(
        "provenance that cannot be read",
        answers(Unreadable("provenance", "PyPI answers 503")),
        "provenance-unreadable",
        EVERY_FILE,
    ),
    case("two runs", lambda s: s.attest(WHEEL, run_id=1), "two-runs", finding("two-runs"), RUN),
    case("two publishers", one_by_another_publisher, "two-publishers", finding("two-publishers"), WORKFLOW),
    # What GitHub says of the run.
    case("GitHub says another run", lambda s: s.change_run(id=1), "run-differs", RUN),
    case("GitHub says another commit", lambda s: s.change_run(head_sha="0" * 40), "commit-differs", COMMIT),
    case(
        "run of another repository",
        lambda s: s.change_run(url="https://github.com/evil/shap/actions/runs/1"),
        "run-of-another-repository",
        finding("run-of-another-repository"),
    ),
    case(
        "run of another workflow",
        lambda s: s.change_run(path=".github/workflows/other.yml"),
        "run-of-another-workflow",
        finding("run-of-another-workflow"),
    ),
    case("a token's warning", warned("Upgrade to Trusted Publishing"), "token-annotation", finding("token-annotation")),
    case(
        "another of its warnings", warned("Create a Trusted Publisher"), "token-annotation", finding("token-annotation")
    ),
    case(
        "the third of its warnings",
        warned("attestations input ignored"),
        "token-annotation",
        finding("token-annotation"),
    ),
    # Less than what is needed.
    case("stated and not verified", untrusted_root, "'declared', 'attested' is needed", BAR),
    case("inferred where attested is needed", inferred_only, "'inferred', 'attested' is needed", BAR),
    case("inferred where declared is needed", inferred_for_declared, "'inferred', 'declared' is needed", BAR),
    case(
        "proven on one index of two",
        lambda s: s.needed.append((Index.TESTPYPI, "shap")),
        "shap on TestPyPI was not judged",
    ),
    case(
        "one project of two",
        lambda s: s.needed.append((Index.PYPI, "shap-extras")),
        "shap-extras on PyPI was not judged",
    ),
    case("nothing that has to be proven", lambda s: s.needed.clear(), "Nothing was named"),
    case("a bar that is none", lambda s: setattr(s, "bar", Grade.NONE), "no evidence"),
)


def bare(change: Change) -> Change:
    """The release was made with attestations switched off, and an inference would do."""

    def changed(scenario: Scenario) -> None:
        scenario.without_provenance()
        change(scenario)

    return changed


def steps(*kept: object) -> Change:
    return lambda s: s.change_run(jobs=(replace(s.run.value.jobs[0], steps=kept),))


def elsewhen(scenario: Scenario) -> None:
    (step,) = scenario.run.value.jobs[0].steps
    steps(replace(step, completed_at=step.started_at))(scenario)


def failed_step(scenario: Scenario) -> None:
    (step,) = scenario.run.value.jobs[0].steps
    steps(replace(step, conclusion="failure"))(scenario)


def reading(made: object) -> Change:
    return lambda s: setattr(s, "run", made)


INFERENCES = (
    case("no run at that time", bare(reading(Missing("a run"))), "no-run", finding("no-run")),
    case(
        "a run that cannot be read",
        bare(reading(Unreadable("the run", "403", "actions=read"))),
        "run-unreadable",
        finding("run-unreadable"),
    ),
    case("a run that failed", bare(lambda s: s.change_run(conclusion="failure")), "run-failed", finding("run-failed")),
    case(
        "a run that was cancelled",
        bare(lambda s: s.change_run(conclusion="cancelled")),
        "run-failed",
        finding("run-failed"),
    ),
    case(
        "a run that goes on",
        bare(lambda s: s.change_run(conclusion=None, status="in_progress")),
        "run-not-ended",
        finding("run-not-ended"),
    ),
    case(
        "a workflow that hands over a token",
        bare(lambda s: s.change_run(uses_token=True)),
        "workflow-uses-token",
        finding("workflow-uses-token"),
    ),
    case(
        "a workflow that may hand over a token",
        bare(lambda s: s.change_run(uses_token=None)),
        "workflow-unclear",
        finding("workflow-unclear"),
    ),
    case("uploaded during no step", bare(elsewhen), "uploaded-outside-run", finding("uploaded-outside-run")),
    case("a step that failed", bare(failed_step), "steps-without-times", finding("steps-without-times")),
    case("a run without steps", bare(steps()), "steps-without-times", finding("steps-without-times")),
    case(
        "made by hand afterwards",
        bare(lambda s: s.change_files(uploaded_at=s.now)),
        "uploaded-outside-run",
        finding("uploaded-outside-run"),
    ),
    case(
        "a run before the change",
        bare(lambda s: s.change_run(created_at=s.now - 30 * DAY)),
        "run-before-change",
        finding("run-before-change"),
    ),
    case(
        "a token's warning, no provenance",
        bare(warned("Create a Trusted Publisher")),
        "token-annotation",
        finding("token-annotation"),
    ),
    case(
        "another repository's run, no provenance",
        bare(lambda s: s.change_run(url="https://github.com/evil/shap/actions/runs/1")),
        "run-of-another-repository",
        finding("run-of-another-repository"),
    ),
    case(
        "another workflow's run, no provenance",
        bare(lambda s: s.change_run(path=".github/workflows/other.yml")),
        "run-of-another-workflow",
        finding("run-of-another-workflow"),
    ),
    case(
        "the index lists provenance and gives none, nor of the others",
        bare(lambda s: s.change_files(WHEEL, has_provenance=True)),
        "index-disagrees",
        finding("index-disagrees"),
    ),
    case(
        "provenance that cannot be read, the others have none",
        bare(lambda s: s.documents.update({WHEEL: Unreadable("provenance", "PyPI answers 503")})),
        "provenance-unreadable",
        finding("provenance-unreadable"),
    ),
)
