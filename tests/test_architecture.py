"""Imports point down. Reads every import in src/elman, the lazy ones and those for types alone too; ARCHITECTURE.md
has the drawing, and a failure says which line breaks which rule.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "elman"
# From the roof down: a room imports itself and what stands on a lower floor. `elman` is the package's own __init__.py.
FLOORS = [
    "__main__",
    "cli",
    "elman",
    "models",
    "train data doctor",
    "bptt",
    "layers",
    "ops",
    "kernels",
    "files opening",
    "options",
    "errors limits palette quoting rounding signals",
]
# Beside the house: all that it may import of it, and the lowest floor that may import it.
BESIDE = {
    "worked": {"errors", "files", "limits", "opening", "palette", "quoting"},
    "pictures": {"errors", "files", "limits", "palette", "quoting", "rounding"},
}
REACHED_FROM = {"worked": "elman", "pictures": "train data doctor"}
WITHOUT = {"kernels": {"torch", "numpy"}, "errors": {"torch", "numpy"}, "data": {"torch"}, "pictures": {"torch"}}
# Loaded by the command that needs them, never to show help.
LATE = {"torch", "numpy", "matplotlib", "safetensors", "sklearn", "pandas", "narwhals"}


def allowed(room: str) -> set[str]:
    floor = next((at for at, rooms in enumerate(FLOORS) if room in rooms.split()), None)
    if floor is None:
        return {room, *BESIDE[room]} if room in BESIDE else set()
    below = {name for rooms in FLOORS[floor + 1 :] for name in rooms.split()}
    beside = {name for name, lowest in REACHED_FROM.items() if floor <= FLOORS.index(lowest)}
    return {room, *below, *beside}


def imports(file: Path, at_once: bool = False) -> Iterator[tuple[int, str]]:
    """Line and full name of every import; `at_once`: only of what runs when the file itself is imported."""
    for node in _walk(ast.parse(file.read_text(encoding="utf-8")), at_once):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, (
                f"{file}:{node.lineno}: a relative import hides its direction; write it from `elman` on"
            )
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _walk(node: ast.AST, at_once: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not (at_once and (for_types or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))):
            yield child
            yield from _walk(child, at_once)


def module(name: str, package: Path = PACKAGE) -> Path | None:
    """The file that an imported name comes from, or None where it is not Elman's."""
    first, *parts = name.split(".")
    for end in range(len(parts), -1, -1) if first == "elman" else ():
        place = package.joinpath(*parts[:end])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def room_of(file: Path, package: Path = PACKAGE) -> str:
    first = file.relative_to(package).parts[0].removesuffix(".py")
    return "elman" if first == "__init__" else first


def broken(package: Path = PACKAGE) -> list[str]:
    """Every import that breaks a rule, as a line to read."""
    found = []
    for file in sorted(package.rglob("*.py")):
        room, here = room_of(file, package), f"{file.relative_to(package.parent)}"
        if not allowed(room):
            found.append(f"{here}: room {room!r} has no floor; say in FLOORS or BESIDE where it stands")
            continue
        for line, name in imports(file):
            other = module(name, package)
            if other and room_of(other, package) not in allowed(room):
                found.append(f"{here}:{line}: {room} may not import {name}; imports point down: {' > '.join(FLOORS)}")
            if name.split(".")[0] in WITHOUT.get(room, ()):
                found.append(f"{here}:{line}: {room} may not import {name}; it does without {name.split('.')[0]}")
    return found


def loaded_for_help(package: Path = PACKAGE) -> list[str]:
    """What importing the command line loads too early, followed from file to file as Python would."""
    found, seen, waiting = [], set(), [*(package / "cli").rglob("*.py"), package / "__main__.py"]
    while waiting:
        file = waiting.pop()
        if not file.is_file() or file in seen:
            continue
        seen.add(file)
        for line, name in imports(file, at_once=True):
            if name.split(".")[0] in LATE:
                here = file.relative_to(package.parent)
                found.append(f"{here}:{line}: {name} is loaded to show help; import it late")
            other = module(name, package)
            if other:  # and the __init__.py of every folder on the way to it
                waiting += [other, *(up / "__init__.py" for up in other.parents if package in (up, *up.parents))]
    return found


def test_imports_point_down():
    assert broken() == []


def test_help_loads_nothing_heavy():
    assert loaded_for_help() == []


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("kernels/stray.py", "from elman.ops import dispatch", "kernels may not import elman.ops.dispatch"),
        ("kernels/stray.py", "import torch", "it does without torch"),
        ("bptt/stray.py", "def late():\n    from elman import models", "stray.py:2: bptt may not import elman.models"),
        ("train/stray.py", "if TYPE_CHECKING:\n    import elman.data.text", "stray.py:2: train may not import"),
        ("layers/stray.py", "from elman import LSTM", "layers may not import elman.LSTM"),
        ("bptt/stray.py", "import elman.pictures", "bptt may not import elman.pictures"),
        ("pictures/stray.py", "import torch", "it does without torch"),
        ("attic/stray.py", "", "room 'attic' has no floor"),
    ],
)
def test_a_wrong_import_is_seen(tmp_path, file, line, said):
    for name in ("__init__.py", "ops/dispatch.py", "models/__init__.py", "data/text.py", "pictures/__init__.py", file):
        (tmp_path / "elman" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "elman" / name).touch()
    (tmp_path / "elman" / file).write_text(line)
    (found,) = broken(tmp_path / "elman")
    assert said in found


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
