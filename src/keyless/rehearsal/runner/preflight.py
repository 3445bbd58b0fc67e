"""`keyless preflight` in a `run:` step: the real journey over the real exchange, as the job that runs it."""

from __future__ import annotations

from collections.abc import Mapping

from keyless.errors import KeylessError
from keyless.journeys.preflight import preflight
from keyless.journeys.verify import parse_expected
from keyless.model.index import Index
from keyless.model.preflight import Preflight, Reach
from keyless.rehearsal.clock import RehearsalClock
from keyless.rehearsal.issuer import Issuer, id_token_url
from keyless.rehearsal.runner.job import FAILURE, NOTICE, RunningJob, StepFailed
from keyless.rehearsal.runner.tools import Options
from keyless.services.exchange import ExchangeService
from keyless.services.identity import TOKEN, URL, GitHubJob
from keyless.services.indexes import IndexService


async def run_preflight(job: RunningJob, given: Options, env: Mapping[str, str]) -> None:
    """Run it with these options. Raises StepFailed; an annotation says what the real program prints."""
    services = job.run.services
    index = Index(given.values.get("--index", Index.PYPI.value))
    expected = parse_expected(given.values["--expect"]) if "--expect" in given.values else None
    identity = GitHubJob(services.addresses, {**env, **_identity(job)}, services.transport())
    try:
        if "--nothing-pending" not in given.flags:
            raise StepFailed("Process completed with exit code 2.")
        async with IndexService(
            index, services.addresses, RehearsalClock(services.store), services.transport()
        ) as pypi:
            exchange = ExchangeService(pypi.wire)
            site = services.addresses.index(index).site
            found = await preflight(pypi, exchange, identity, given.rest[0], expected, site)
    except KeylessError as error:
        job.say(FAILURE, "", str(error))
        raise StepFailed(f"Process completed with exit code {error.exit_code}.") from error
    if not isinstance(found, Preflight):
        job.say(FAILURE, "", found.says)
        raise StepFailed("Process completed with exit code 10.")
    job.say(NOTICE if found.reach is Reach.YES else FAILURE, "", f"{found.project}: {found.because}")
    if found.reach is not Reach.YES:
        raise StepFailed(f"Process completed with exit code {10 if found.reach is Reach.NO else 75}.")


def _identity(job: RunningJob) -> dict[str, str]:
    """Return the variables by which GitHub gives a job its identity; a job without the permission has none."""
    if not job.id_token:
        return {}
    services = job.run.services
    if job.request_token is None:
        job.request_token = Issuer(services.store).grant(job.claims())
    return {TOKEN: job.request_token, URL: id_token_url(services.addresses.issuer)}
