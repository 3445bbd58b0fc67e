"""The project's name, from the metadata beside the distributions that a step uploads."""

from __future__ import annotations

import pytest

from keyless.model.github import SourceFile
from keyless.planning.project_name import project_folder, project_name


def files(**texts: str) -> list[SourceFile]:
    return [SourceFile(path.replace("__", "."), text.encode()) for path, text in texts.items()]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (files(pyproject__toml='[project]\nname = "shap"\n'), "shap"),
        (files(pyproject__toml='[tool.poetry]\nname = "typer"\n'), "typer"),
        (files(pyproject__toml="[build-system]\n", setup__cfg="[metadata]\nname = old\n"), "old"),
        (files(setup__py='from setuptools import setup\nsetup(name="older", version="1")\n'), "older"),
        (files(pyproject__toml="[project\n", setup__py="setup(name='rescued')"), "rescued"),
        (files(setup__cfg="[metadata]\nname = first\n[metadata]\nname = twice\n"), "twice"),
        (files(pyproject__toml='[project]\nname = "new"\n', setup__cfg="[metadata]\nname = old\n"), "new"),
        (files(setup__cfg="[metadata]\nname = old\n", setup__py="setup(name='older')"), "old"),
        ([SourceFile("setup.py", b"# \xe9crit par moi\nsetup(name='latin')")], "latin"),
        (files(setup__cfg="no section\n", setup__py="setup(name=NAME)"), None),
        (files(pyproject__toml="project = 1\ntool = 2\n"), None),
        ([], None),
    ],
)
def test_the_name_is_read_without_running_anything(given: list[SourceFile], expected: str | None) -> None:
    assert project_name(given) == expected


@pytest.mark.parametrize(
    ("distributions", "folder"),
    [
        (None, ""),
        ("dist", ""),
        ("dist/", ""),
        ("./dist", ""),
        ("packages/core/dist", "packages/core/"),
        ("packages/core/dist/", "packages/core/"),
        ("../elsewhere/dist", ""),
        ("/tmp/dist", ""),
    ],
)
def test_a_folder_of_distributions_tells_where_its_project_lies(distributions: str | None, folder: str) -> None:
    assert project_folder(distributions) == folder
