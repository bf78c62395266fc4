"""Worksheets on disk and in the gallery: YAML, read safely and strictly.

Stricter than YAML 1.1 in two ways that bite a student: a key that stands twice is refused instead of dropped, and the
words `no`, `yes`, `on`, `off` stay words, because a sentence may hold them.
"""

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from elman.errors import DataError, InputError
from elman.explain.worksheet import Worksheet, read_sheet

_GALLERY = Path(__file__).with_name("gallery")


class _Loader(yaml.SafeLoader):
    """The safe loader, with the two differences."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"{key} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if first in "tTfF" or rule[0] != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str, where: str) -> Worksheet:
    """Read a worksheet from YAML text; `where` names it in errors."""
    try:
        given = yaml.load(text, _Loader)  # noqa: S506 - the loader is a safe one
    except yaml.YAMLError as error:
        raise DataError(f"{where}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(given, dict):
        raise InputError(f"{where}: expected fields such as 'cell: rnn', got {type(given).__name__}")
    return read_sheet({str(key): value for key, value in given.items()}, where)


@cache
def gallery() -> tuple[str, ...]:
    """The names of the worksheets that come with Elman."""
    return tuple(sorted(file.stem for file in _GALLERY.glob("*.yaml")))


def load(source: str | Path) -> Worksheet:
    """Read a worksheet by its gallery name or from a file."""
    path = Path(source)
    if str(source) in gallery():
        text = (_GALLERY / f"{source}.yaml").read_text(encoding="utf-8")
        return parse(text, str(source))
    if not path.is_file():
        raise InputError(f"{source}: no such worksheet; give a YAML file or one of {', '.join(gallery())}")
    try:
        return parse(path.read_text(encoding="utf-8"), str(source))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: cannot be read: {error}") from None
