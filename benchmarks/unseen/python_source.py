"""Read the source of Python's standard library."""

import sysconfig
from pathlib import Path


def modules(package: str) -> list[str]:
    """Return the sources of a package or module of the standard library, in order of their names."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted((root / package).rglob("*.py")) if (root / package).is_dir() else [root / f"{package}.py"]
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths if "test" not in path.parts]
