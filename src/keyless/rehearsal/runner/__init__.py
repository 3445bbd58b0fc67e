"""GitHub Actions in rehearsal: the publishing part of a repository's workflow, really interpreted.

`run_workflow` runs one workflow file for one event, `trigger` all that an event starts.
"""

from keyless.rehearsal.runner.run import run_workflow, trigger

__all__ = ["run_workflow", "trigger"]
