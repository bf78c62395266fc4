"""Read a student's numbers from CSV, YAML or Python, with the digits that were typed.

CSV: one value a line, `dh.2, -0.0971, 0.2076`, a matrix row after row; a header `id, values` and comments with `#` are
allowed. Semicolons or tabs may replace the commas, and then a comma inside a number is a decimal comma, as
spreadsheets write it in much of the world: `dh.2;-0,0971;0,2076`. YAML and JSON: `dh.2: [-0.0971, 0.2076]`. One entry
of a value: `dW_hh[1,2]`, counted from 1. An empty place, `_` or `null` is not marked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import InputError
from elman.limits import ID_CHARACTERS, NUMBER_CHARACTERS, SHEET_DEPTH
from elman.quoting import printable, quote, shorten
from elman.worked.calculus.expr import Value
from elman.worked.marking.digits import Answer, Typed, decimals, units, usual_decimals
from elman.worked.sheet.yamlfile import Node, compose, read_text, shown

_ENTRY = re.compile(r"^(?P<id>.+?)\[(?P<index>\d+(?:(?:,|\]\[)\s*\d+)*)\]$")
_BLANK = {"", "_", "null", "~", "None", "none", "?"}
_DECIMAL_COMMA = re.compile(r"(?<![.,\d])(\d*),(\d+)(?![.,\d])", re.ASCII)
Look = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Given:
    """Hold one entry of an answers file: an id, the texts typed, and the line."""

    id: str
    texts: tuple[str, ...]
    where: str


def read_answers(source: Any, look: Look) -> dict[str, Answer]:
    """Read answers from a file or a mapping; `look` gives the value of an id, or refuses it with the nearest ids."""
    given = list(_from_file(Path(source)) if isinstance(source, str | Path) else _from_mapping(source))
    typed: dict[str, dict[tuple[int, ...], Typed]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for item in given:
        value, places = _places(item, look)
        shapes[value.id] = value.shape
        entries = typed.setdefault(value.id, {})
        for index, text in zip(places, item.texts, strict=True):
            if text in _BLANK:
                continue
            if index in entries:
                raise InputError(f"{item.where}: {quote(item.id)[1:-1]}: is given twice")
            entries[index] = _typed(text, item)
    filled = {key: entries for key, entries in typed.items() if entries}
    if not filled:
        raise InputError(f"{_name(source)}: holds no numbers; expected lines such as dh.2, -0.0971, 0.2076")
    usual = usual_decimals(number for entries in filled.values() for number in entries.values())
    return {key: _answer(key, entries, shapes[key], usual) for key, entries in filled.items()}


def _name(source: Any) -> str:
    return shown(source) if isinstance(source, str | Path) else "answers"


def _answer(key: str, entries: Mapping[tuple[int, ...], Typed], shape: tuple[int, ...], usual: int) -> Answer:
    array, unit, places = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape)
    numbers = list(entries.values())
    shown = zip(entries.items(), units(numbers, usual), decimals(numbers), strict=True)
    for (index, typed), half, decimal in shown:
        array[index], unit[index], places[index] = typed.number, half, decimal
    return Answer(key, array, unit, places)


def _places(item: Given, look: Look) -> tuple[Value, list[tuple[int, ...]]]:
    match = _ENTRY.match(item.id) if len(item.id) <= ID_CHARACTERS else None
    try:
        if len(item.id) > ID_CHARACTERS:
            raise InputError(f"{quote(item.id)}: no such value; an id has at most {ID_CHARACTERS} characters")
        value = look(match["id"] if match else item.id)
    except InputError as error:
        raise InputError(f"{item.where}: {error}") from None
    places = list(np.ndindex(value.shape))
    if match:
        index = tuple(int(part) - 1 for part in re.findall(r"\d+", match["index"]))
        if index not in places:
            raise InputError(f"{item.where}: {quote(item.id)[1:-1]}: no such entry; {value.id} has shape {value.shape}")
        places = [index]
    if len(item.texts) != len(places):
        commas = "; for decimal commas, separate the numbers by semicolons" if _looks_cut(item, len(places)) else ""
        raise InputError(
            f"{item.where}: {quote(item.id)[1:-1]}: expected {_count(len(places))} (shape {value.shape}), "
            f"got {len(item.texts)}{commas}"
        )
    return value, places


def _looks_cut(item: Given, expected: int) -> bool:
    """Tell whether twice as many whole numbers are given as expected: each was cut at its decimal comma."""
    return len(item.texts) == 2 * expected and all(re.match(r"[+-−–]?\d+\Z", text) for text in item.texts)


def _count(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"


def _typed(text: str, item: Given) -> Typed:
    try:
        return Typed.of(text)
    except ValueError:
        raise InputError(
            f"{item.where}: {quote(item.id)[1:-1]}: not a number: {quote(text)}{_why(text)}; "
            "write it as -0.0971 or 4.4e-4"
        ) from None


def _why(text: str) -> str:
    """Say why a text that looks like a number is none."""
    try:
        return "" if len(text) <= NUMBER_CHARACTERS and isfinite(float(text)) else " (too large or too long)"
    except ValueError:
        return ""


def _from_file(path: Path) -> Iterator[Given]:
    readers = {".csv": _from_csv, ".yaml": _from_yaml, ".yml": _from_yaml, ".json": _from_yaml}
    reader = readers.get(path.suffix.lower())
    where = shown(path)
    if reader is None:
        got = printable(path.suffix) or "no ending"
        raise InputError(f"{where}: expected a file that ends in .csv, .yaml or .json, got {got}")
    return reader(read_text(path, "answers file"), where)


def _from_csv(text: str, where: str) -> Iterator[Given]:
    import csv

    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"^([^,;\[]+)\[(\d+),\s*(\d+)\]", r"\1[\2][\3]", line.split("#")[0].strip())
        if not bare or re.match(r"id\s*[,;\t]|sep=", bare, re.IGNORECASE):
            continue
        separator = next((sign for sign in bare if sign in ",;\t"), ",")
        try:
            cells = [cell.strip() for cell in next(csv.reader([bare], delimiter=separator, skipinitialspace=True))]
        except csv.Error as error:
            raise InputError(f"{where}: line {number}: not readable as CSV: {error}") from None
        values = [part for cell in cells[1:] for part in _numbers_in(cell.strip(" \t[]()"))]
        yield Given(cells[0], tuple(values), f"{where}: line {number}")


def _numbers_in(cell: str) -> list[str]:
    """Split a cell into its numbers; a comma between digits is a decimal one, unless the cell has points as well."""
    if "." not in cell:
        cell = _DECIMAL_COMMA.sub(r"\1.\2", cell)
    return re.split(r"[\s,;\[\]()]+", cell)


def _from_yaml(text: str, where: str) -> Iterator[Given]:
    import yaml

    node = compose(text, where)
    if node is None:
        return
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{where}: expected lines such as dh.2: [-0.0971, 0.2076]")
    for key, value in node.value:
        place = f"{where}: line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise InputError(f"{place}: expected an id before the colon, got a list or mapping")
        yield Given(str(key.value), tuple(_scalars(value, f"{place}: {shorten(quote(key.value)[1:-1])}")), place)


def _scalars(node: Node, where: str) -> Iterator[str]:
    if isinstance(node.value, str):
        yield node.value.strip()
        return
    for inner in node.value:
        if isinstance(inner, tuple):
            raise InputError(f"{where}: expected numbers, got a mapping")
        yield from _scalars(inner, where)


def _from_mapping(source: Any) -> Iterator[Given]:
    if not isinstance(source, Mapping):
        raise InputError(f"answers: expected a file or a mapping from ids to numbers, got {type(source).__name__}")
    for key, value in source.items():
        yield Given(str(key), tuple(_texts(value)), "answers")


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif value is None:
        yield ""
    elif isinstance(value, Iterable) and not (isinstance(value, np.ndarray) and value.ndim == 0):
        if depth > SHEET_DEPTH:
            raise InputError(f"answers: more than {SHEET_DEPTH} lists inside each other")
        for inner in value:
            yield from _texts(inner, depth + 1)
    else:
        yield _number_text(value)


def _number_text(value: Any) -> str:
    """Write a number from Python as it would be typed; nothing for NaN."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return shorten(str(type(value).__name__))  # refused as no number where its id is known
    return "" if number != number else str(value) if isinstance(value, np.float32) else repr(number)  # noqa: PLR0124
