"""Read worksheets from disk and from the gallery: YAML, read safely, strictly and within the limits (`yamltext.py`)."""

from functools import cache
from pathlib import Path

from elman.errors import InputError
from elman.worked.sheet.textfile import read_text, shown
from elman.worked.sheet.worksheet import Worksheet, read_sheet
from elman.worked.sheet.yamltext import compose, plain

_GALLERY = Path(__file__).with_name("gallery")


def parse(text: str, where: str) -> Worksheet:
    """Read a worksheet from YAML text; `where` names it in errors."""
    node = compose(text, where)
    given = plain(node, where) if node is not None else None
    if not isinstance(given, dict):
        raise InputError(f"{where}: expected fields such as 'cell: rnn', got {type(given).__name__}")
    return read_sheet(given, where)


@cache
def gallery() -> tuple[str, ...]:
    """Give the names of the worksheets that come with Elman."""
    return tuple(sorted(file.stem for file in _GALLERY.glob("*.yaml")))


def titles() -> dict[str, str]:
    """Give the gallery's worksheets, each with its title."""
    return {name: load(name).title for name in gallery()}


def load(source: str | Path) -> Worksheet:
    """Read a worksheet by its gallery name or from a file."""
    if str(source) in gallery():
        return parse(read_text(_GALLERY / f"{source}.yaml", "worksheet"), str(source))
    try:
        return parse(read_text(Path(source), "worksheet"), shown(source))
    except InputError as error:
        if "no such worksheet" not in str(error):
            raise
        raise InputError(f"{error}; give a YAML file or one of {', '.join(gallery())}") from None
