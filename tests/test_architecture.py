"""Imports keep the contracts in pyproject.toml, which import-linter checks, and showing help loads nothing heavy."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "elman"
# Loaded by the command that needs them, never to show help.
LATE = {
    "optuna",
    "torch",
    "numpy",
    "matplotlib",
    "safetensors",
    "sklearn",
    "scipy",
    "pandas",
    "narwhals",
    "pydantic",
    "yaml",
}


def lint(source: Path = ROOT / "src") -> subprocess.CompletedProcess[str]:
    """Check the package in `source`; -S leaves out the editable install, which would be found first."""
    path = os.pathsep.join([str(source), str(Path(grimp.__file__).parents[1])])
    command = "from importlinter.cli import lint_imports_command as check; check()"
    return subprocess.run(
        [sys.executable, "-S", "-c", command, "--no-cache", "--no-logo", str(ROOT / "pyproject.toml")],
        capture_output=True,
        text=True,
        cwd=source,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        check=False,
    )


def test_imports_keep_the_contracts():
    done = lint()
    assert done.returncode == 0, done.stdout + done.stderr


SABOTAGE = {  # a file, a line that it must not have, and what is said of it
    "bptt/late.py": ("def late():\n    from elman import models", "elman.bptt.late -> elman.models (l.2)"),
    "train/typed.py": (
        "if TYPE_CHECKING:\n    import elman.models.loading",
        "elman.train.typed -> elman.models.loading",
    ),
    "models/tag/job.py": ("import elman.models.classify.options", "elman.models.tag.job -> elman.models.classify.opt"),
    "models/scoring/up.py": ("import elman.models.estimator.reports", None),  # a shared folder may use another
    "kernels/heavy.py": ("import torch", "elman.kernels.heavy -> torch"),
    "data/heavy.py": ("import torch", "elman.data.heavy -> torch"),
    "pictures/layers.py": ("import elman.layers", "elman.pictures.layers -> elman.layers"),
    "layers/public.py": ("from elman import LSTM", "elman.layers.public -> elman (l.1)"),
    "ops/one.py": ("import elman.ops.two", "No cycles are allowed in elman.ops."),
    "ops/two.py": ("import elman.ops.one", "No cycles are allowed in elman.ops."),
    "attic/__init__.py": ("", "elman.attic"),
}


def test_wrong_imports_are_reported(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "elman", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (tmp_path / "elman" / "attic").mkdir()
    for file, (line, _) in SABOTAGE.items():
        (tmp_path / "elman" / file).write_text(line)
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [file for file, (_, said) in SABOTAGE.items() if said and said not in done.stdout] == []
    assert "elman.models.scoring.up" not in done.stdout


def early_imports(file: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import that runs when the file is imported; import-linter cannot see which do."""
    for node in _walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: expected an import from `elman` on, got a relative one"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not (for_types or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)):
            yield child
            yield from _walk(child)


def module(name: str, package: Path) -> Path | None:
    """Return the file that an imported name is defined in, or None where it is not Elman's."""
    first, *parts = name.split(".")
    for end in range(len(parts), -1, -1) if first == "elman" else ():
        place = package.joinpath(*parts[:end])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def loaded_for_help(package: Path = PACKAGE) -> list[str]:
    """List the heavy imports of the command line itself, followed from file to file as Python would."""
    found, seen, waiting = [], set(), [*(package / "cli").rglob("*.py"), package / "__main__.py"]
    while waiting:
        file = waiting.pop()
        if not file.is_file() or file in seen:
            continue
        seen.add(file)
        for line, name in early_imports(file):
            if name.split(".")[0] in LATE:
                here = file.relative_to(package.parent)
                found.append(f"{here}:{line}: {name} is loaded to show help; import it late")
            other = module(name, package)
            if other:  # and the __init__.py of every folder on the way to it
                waiting += [other, *(up / "__init__.py" for up in other.parents if package in (up, *up.parents))]
    return found


def test_help_loads_nothing_heavy():
    assert loaded_for_help() == []


def test_an_early_import_is_seen(tmp_path):
    files = {
        "__main__.py": "from elman.cli import main",
        "__init__.py": "",
        "cli/__init__.py": "def main():\n    import torch",
        "cli/app.py": "from elman.data.text import read",
        "data/__init__.py": "import numpy as np",
        "data/text.py": "",
    }
    for name, text in files.items():
        (tmp_path / "elman" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "elman" / name).write_text(text)
    (found,) = loaded_for_help(tmp_path / "elman")
    assert found == "elman/data/__init__.py:1: numpy is loaded to show help; import it late"
