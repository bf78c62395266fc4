"""Build command lines that work as they are printed, from the user's folder."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def program() -> list[str]:
    """Return the words that start this `elman`: the bare name where the search path leads to it, else its place."""
    here = _script()
    if here is None:
        return [_shown(Path(sys.executable)), "-m", "elman"]
    found = shutil.which("elman")
    if found and os.path.samefile(found, here):
        return ["elman"]
    return [_shown(here)]


def command(words: Sequence[str]) -> str:
    """Return a line for the shell that runs `elman` with these words."""
    return shlex.join([*program(), *words])


def _script() -> Path | None:
    """Return the script that this program was started by, or the one that was installed with it."""
    started = Path(sys.argv[0])
    places = [started] if started.stem == "elman" else []
    places += [Path(sys.executable).parent / name for name in ("elman", "elman.exe")]
    return next((place.absolute() for place in places if place.is_file()), None)


def _shown(place: Path) -> str:
    """Return a path from the working folder where it is below that, else in full."""
    try:
        return str(place.relative_to(Path.cwd()))
    except ValueError:
        return str(place)
