"""Read untrusted text files, and the YAML and JSON in them: within the limits, as plain data, without guessed types.

YAML is read as it is today rather than as it was in 2005: only a decimal number is a number (1e-1 too), only `true`
and `false` are truth values, and only `null`, `~` and nothing at all are nothing. What YAML 1.1 takes for something
else (a date, 0x1F, 1_000, 1:30, 012) becomes an `Odd`, which no field accepts, so that a message says to write it
another way. A key given twice is refused instead of dropped.

The limits are checked on the stream of events, before anything is built: how deep, and how many nodes, each alias
counted as often as it occurs. So a file of a few hundred bytes that means a billion numbers, or itself, is refused at
once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from elman import quoting
from elman.errors import DataError, InputError
from elman.limits import SHEET_BYTES, SHEET_DEPTH, SHEET_NODES
from elman.quoting import printable, quote, shorten

_MOST = 200  # characters of a path that a message repeats, the last ones
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is 16 times as fast; both are safe
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*|(\d+\.\d*|\.\d+))([eE][+-]?\d+)?\Z", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_KINDS = {"timestamp": "a date", "int": "a number", "float": "a number", "merge": "a merge key"}
_SURROGATE = re.compile("[\ud800-\udfff]")
Node = Any  # a yaml.Node; the library has no types


def shown(path: str | Path) -> str:
    """Return a path for a message, as `elman.quoting.shown` does; sheets repeat somewhat more of it."""
    return quoting.shown(path, _MOST)


def read_text(path: Path, what: str) -> str:
    """Read a file of at most `SHEET_BYTES` bytes; `what` names it where there is none.

    A device, a pipe or a folder is not read: it may have no end.
    """
    name = shown(path)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name too long, with a NUL, or with half of a character
        found = False
    if not found:
        raise InputError(f"{name}: no such {what}")
    try:
        with path.open("rb") as file:
            data = file.read(SHEET_BYTES + 1)
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > SHEET_BYTES:
        raise DataError(f"{name}: larger than the {SHEET_BYTES:,} bytes that are read of a {what}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: cannot be read: not UTF-8 text ({error.reason} at byte {error.start + 1})") from None


@dataclass(frozen=True, slots=True)
class Odd:
    """Hold a plain scalar that is neither text nor a decimal number, as it is written in the file."""

    text: str
    kind: str

    def __str__(self) -> str:
        return self.text


def compose(text: str, where: str) -> Node | None:
    """Give the node of a text within the limits, None for an empty one; `where` names it in errors."""
    try:
        _measure(text, where)
        return yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise DataError(f"{where}: not readable as YAML{line}: {_said(error.problem)}") from None
    except DataError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # ValueError: an escape beyond Unicode, a version of 5,000 digits. OverflowError: likewise, of the loader in C.
        raise DataError(f"{where}: not readable as YAML: {_said(error)}") from None


def _said(problem: object) -> str:
    return shorten(printable(" ".join(str(problem).split())), 120)


def _measure(text: str, where: str) -> None:
    """Refuse a text that is deeper or larger than the limits, before it is built."""
    sizes: dict[str, int] = {}
    around: list[tuple[str, int]] = []  # the anchors of the lists and mappings around, and the count before them
    count = 0
    for event in yaml.parse(text, _Loader):
        anchor = getattr(event, "anchor", None) or ""
        if isinstance(event, yaml.AliasEvent):
            if anchor in {outer for outer, _ in around}:
                raise DataError(f"{where}: {_line(event)}: *{shorten(anchor)} contains itself")
            count += sizes.get(anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            count, sizes[anchor] = count + 1, 1
        elif isinstance(event, yaml.CollectionStartEvent):
            around.append((anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = around.pop()
            sizes[anchor] = count - before
        if len(around) > SHEET_DEPTH:
            raise DataError(f"{where}: {_line(event)}: more than {SHEET_DEPTH} lists or mappings inside each other")
        if count > SHEET_NODES:
            raise DataError(f"{where}: more than {SHEET_NODES:,} numbers, words and lists, aliases written out")


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"


def plain(node: Node, where: str, path: str = "") -> Any:
    """Make a node plain data: dict, list, str, int, float, bool, None, or `Odd`."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, where, path)
    if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
        raise DataError(f"{where}: not readable as YAML: {_at(node, path)}: remove the tag {quote(node.tag)}")
    if isinstance(node, yaml.SequenceNode):
        return [plain(inner, where, f"{path}.{k}") for k, inner in enumerate(node.value, 1)]
    return {key: plain(inner, where, f"{path}.{key}") for key, inner in entries(node, where, path)}


def entries(node: Node, where: str, path: str = "") -> Iterator[tuple[str, Node]]:
    """Give the keys of a mapping, each of them text and none of them twice, with their nodes."""
    seen = set[str]()
    for key, inner in node.value:
        name = plain(key, where, path) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(key, yaml.ScalarNode):
            raise InputError(f"{where}: {_at(key, path)}: expected a name before the colon, got a list or mapping")
        if not isinstance(name, str):
            raise InputError(
                f"{where}: {_at(key, path)}: the name {quote(key.value)} is read as {kind_of(name)}; write it in quotes"
            )
        if name in seen:
            raise DataError(
                f"{where}: not readable as YAML: {_at(key, path)}: {shorten(printable(name))} is given twice"
            )
        seen.add(name)
        yield name, inner


def _scalar(node: Node, where: str, path: str) -> Any:
    text, kind = node.value, node.tag.removeprefix(_TAG)
    if kind not in {"str", "null", "bool", "value", *_KINDS}:
        raise DataError(f"{where}: not readable as YAML: {_at(node, path)}: remove the tag {quote(node.tag)}")
    if kind == "str":
        new = not node.style and "e" in text.lower() and _NUMBER.match(text)  # 1e-1 is text in YAML 1.1
        return float(text) if new else _text(node, where, path)
    if kind in {"int", "float"} and _NUMBER.match(text):
        return int(text) if _WHOLE.match(text) else float(text)
    if kind == "null" and text in {"", "~", "null", "Null", "NULL"}:
        return None
    if kind == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind == "bool" and text.lower() in {"yes", "no", "on", "off"}:
        return text
    return Odd(text, _KINDS.get(kind, "a sign of YAML"))


def _text(node: Node, where: str, path: str) -> str:
    if _SURROGATE.search(node.value):
        raise InputError(f"{where}: {_at(node, path)}: {quote(node.value)} holds half of a character; write all of it")
    return str(node.value)


def _at(node: Node, path: str) -> str:
    field = shorten(printable(path.lstrip(".")))
    return f"line {node.start_mark.line + 1}{f', {field}' if field else ''}"


def kind_of(value: Any) -> str:
    """Name what a scalar was taken for."""
    if isinstance(value, Odd):
        return value.kind
    if isinstance(value, bool):
        return "a truth value"
    return "nothing" if value is None else "a number" if isinstance(value, int | float) else "text"
