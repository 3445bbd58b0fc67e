"""The files of one look, read and sorted: workflows and actions by path, everything else as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyless.model.github import SourceFile
from keyless.model.workflow import FileProblem, Here
from keyless.workflows.composing import compose
from keyless.workflows.shape import Action, Workflow, action, workflow
from keyless.workflows.text import Text, read_text


@dataclass(frozen=True, slots=True)
class Library:
    """All files of one look, read: workflows and actions by path, other files as text."""

    workflows: Mapping[str, Workflow]
    actions: Mapping[str, Action]
    other: Mapping[str, str]
    problems: tuple[FileProblem, ...]
    texts: tuple[Text, ...] = ()
    """Every file that is text, also one that is no valid workflow."""
    here: Here | None = None

    def action(self, folder: str) -> Action | None:
        """Return the action that `uses: ./folder` names."""
        names = (f"{folder}/action.yml", f"{folder}/action.yaml") if folder else ("action.yml", "action.yaml")
        return next((self.actions[name] for name in names if name in self.actions), None)


def is_workflow(path: str) -> bool:
    """Whether GitHub reads the file as a workflow, by its path."""
    folder, _, name = path.rpartition("/")
    return folder.endswith(".github/workflows") and name.endswith((".yml", ".yaml"))


def is_action(path: str) -> bool:
    """Whether the file is an action, by its name."""
    return path.rpartition("/")[2] in {"action.yml", "action.yaml"}


def read(files: Sequence[SourceFile], here: Here | None = None) -> Library:
    """Return the files, sorted by what they are. What could not be read is in `problems`."""
    own = str(here.repository).lower() if here is not None else ""
    workflows: dict[str, Workflow] = {}
    actions: dict[str, Action] = {}
    other: dict[str, str] = {}
    problems: list[FileProblem] = []
    texts: list[Text] = []
    for file in files:
        text = read_text(file)
        texts.extend([] if isinstance(text, FileProblem) else [text])
        if isinstance(text, FileProblem):
            problems.extend([text] if is_workflow(file.path) or is_action(file.path) else [])
        elif is_workflow(file.path) or is_action(file.path):
            found = _document(text, problems, own)
            if isinstance(found, Workflow):
                workflows[file.path] = found
            elif found is not None:
                actions[file.path] = found
        else:
            other[file.path] = text.text
    return Library(workflows, actions, other, tuple(problems), tuple(texts), here)


def _document(text: Text, problems: list[FileProblem], own: str) -> Workflow | Action | None:
    composed = compose(text)
    if isinstance(composed, FileProblem):
        problems.append(composed)
        return None
    found = (workflow if is_workflow(text.path) else action)(text, composed.root, own)
    if isinstance(found, str):
        problems.append(FileProblem(text.path, found))
        return None
    if composed.repeated is not None:
        name, offset = composed.repeated
        line = text.line(offset) + 1
        problems.append(FileProblem(text.path, f"it has the key '{name}' twice (line {line}); GitHub refuses it"))
    return found
