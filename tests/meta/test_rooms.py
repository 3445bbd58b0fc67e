"""The picture in DESIGN.md and docs is the code: imports go down only, and heavy libraries have one door each."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless

SOURCE = Path(keyless.__file__).parent
"""What is installed: the checkout's sources, or the wheel's."""

ORDER = (
    {"errors", "secret"},
    {"model"},
    {"files"},
    {"services", "vault", "journal"},
    {"planning", "proofs", "workflows", "tokens"},
    {"surveying", "observer", "operators"},
    {"engine"},
    {"steps"},
    {"journeys", "playbooks", "render"},
    {"rehearsal"},
    {"cli"},
    {"__main__"},
)
"""From the ground up. A room may import what is on its own floor or below."""

FLOOR = {room: floor for floor, rooms in enumerate(ORDER) for room in rooms}
PURE = {"planning", "proofs", "workflows", "tokens"}
EFFECTS = {"services", "vault", "journal"}

# One door for each heavy library: which places may import it.
DOORS = {
    "githubkit": ("services/github/",),
    "questionary": ("operators/wizard.py",),
    "prompt_toolkit": ("operators/wizard.py",),
    # The simulated GitHub opens the sealed boxes that the real one would open.
    "nacl": ("vault/", "services/github/", "rehearsal/github/"),
    "rich": ("render/terminal.py",),
    "click": ("cli/",),
    "sigstore": ("services/sigstore/", "rehearsal/"),
    "starlette": ("rehearsal/",),
    "uvicorn": ("rehearsal/",),
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, anywhere in the file, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            if node.module == "keyless":
                yield from (f"keyless.{alias.name}" for alias in node.names)


def room(path: str) -> str:
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


def edges() -> Iterator[tuple[str, str, str]]:
    """(file, its room, the room that it imports), within keyless."""
    for path, tree in modules():
        for name in imports(tree):
            parts = name.split(".")
            if parts[0] == "keyless" and len(parts) > 1 and parts[1] != "__version__" and parts[1] != room(path):
                yield path, room(path), parts[1]


def test_every_room_is_in_the_picture():
    """A new room takes its place in the order before it is used."""
    rooms = {room(path) for path, _ in modules()} - {"__init__"}
    assert rooms <= set(FLOOR)
    assert len(list(modules())) > 60


def test_imports_go_down_only():
    """What climbs is named."""
    climbing = sorted({f"{path} imports {other}" for path, own, other in edges() if FLOOR[other] > FLOOR.get(own, 99)})
    assert climbing == []


def test_pure_rooms_know_values_only():
    """Text and values in, values out: nothing that has an effect is even importable there."""
    allowed = {"model", "errors", "secret"} | PURE
    assert (
        sorted({f"{path} imports {other}" for path, own, other in edges() if own in PURE and other not in allowed})
        == []
    )


def test_rooms_with_effects_do_not_know_one_another():
    """Services, vault and journal know model, secret and errors (and how to write a file)."""
    allowed = {"model", "errors", "secret", "files"}
    assert (
        sorted({f"{path} imports {other}" for path, own, other in edges() if own in EFFECTS and other not in allowed})
        == []
    )


def test_the_model_needs_the_standard_library_only():
    """Every room can hold a value without paying for a library."""
    known = sys.stdlib_module_names | {"keyless", "_typeshed"}  # the latter for types only
    for path, tree in modules():
        if room(path) in {"model", "errors", "secret", "files", "observer"}:
            assert [name for name in imports(tree) if name.split(".")[0] not in known] == [], path


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_has_one_door(library: str):
    """One place to look at when it changes, and nothing pays for it by accident."""
    elsewhere = [
        path
        for path, tree in modules()
        if any(name.split(".")[0] == library for name in imports(tree)) and not path.startswith(DOORS[library])
    ]
    assert elsewhere == []


def test_pure_rooms_use_neither_any_nor_cast():
    """Types are believed there, so they have to be true."""
    for path, tree in modules():
        if room(path) in PURE | {"model"} and path != "model/codec.py":
            names = {
                alias.name
                for n in ast.walk(tree)
                if isinstance(n, ast.ImportFrom) and n.module == "typing"
                for alias in n.names
            }
            assert not names & {"Any", "cast"}, path


def test_only_the_command_line_prints_and_only_it_catches_the_root():
    """No output and no swallowed error in library code."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{path}:{node.lineno}"
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}:{node.lineno} catches everything"
                nothing = all(isinstance(line, ast.Pass) for line in node.body)
                broad = isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
                assert not (nothing and broad), f"{path}:{node.lineno} swallows an exception"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["backup", "--help"]])
def test_start_up_imports_nothing_heavy(arguments: list[str]):
    """Start-up is measured in benchmarks; this says what would make it slow."""
    heavy = {
        "rich",
        "questionary",
        "prompt_toolkit",
        "pydantic",
        "asyncio",
        "importlib.metadata",
        "httpx",
        "yaml",
        "nacl",
    }
    code = (
        "import sys; from keyless.cli.main import run; run(sys.argv[1:]);"
        "sys.stderr.write(' '.join(name for name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert heavy & set(run.stderr.split()) == set()
