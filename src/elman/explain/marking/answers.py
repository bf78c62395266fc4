"""A student's numbers: read from CSV, YAML or Python, with the digits that were typed.

CSV: one value a line, `dh.2, -0.0971, 0.2076`, a matrix row after row; a header `id, values` and comments with `#` may
stand. YAML: `dh.2: [-0.0971, 0.2076]`. One entry of a value: `dW_hh[1,2]`, counted from 1. An empty place, `_` or
`null` is not marked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import DataError, InputError
from elman.explain.expr import Array, Value
from elman.explain.marking.digits_typed import Typed, units, usual_decimals

_ENTRY = re.compile(r"^(?P<id>.+?)\[(?P<index>\d+(?:(?:,|\]\[)\s*\d+)*)\]$")
_BLANK = {"", "_", "null", "~", "None", "none", "?"}
Look = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Given:
    """What stands at one place of an answers file: an id, the texts typed, and where."""

    id: str
    texts: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A value as the student gives it: NaN where nothing stands; `unit` is half a unit of the last digit typed."""

    id: str
    array: Array
    unit: Array


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
                raise InputError(f"{item.where}: {item.id}: stands twice")
            entries[index] = _typed(text, item)
    filled = {key: entries for key, entries in typed.items() if entries}
    if not filled:
        raise InputError(f"{_name(source)}: holds no numbers; expected lines such as dh.2, -0.0971, 0.2076")
    usual = usual_decimals(number for entries in filled.values() for number in entries.values())
    return {key: _answer(key, entries, shapes[key], usual) for key, entries in filled.items()}


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else "answers"


def _answer(key: str, entries: Mapping[tuple[int, ...], Typed], shape: tuple[int, ...], usual: int) -> Answer:
    array, unit = np.full(shape, np.nan), np.zeros(shape)
    halves = units(list(entries.values()), usual)
    for (index, typed), half in zip(entries.items(), halves, strict=True):
        array[index], unit[index] = typed.number, half
    return Answer(key, array, unit)


def _places(item: Given, look: Look) -> tuple[Value, list[tuple[int, ...]]]:
    match = _ENTRY.match(item.id)
    try:
        value = look(match["id"] if match else item.id)
    except InputError as error:
        raise InputError(f"{item.where}: {error}") from None
    places = list(np.ndindex(value.shape))
    if match:
        index = tuple(int(part) - 1 for part in re.findall(r"\d+", match["index"]))
        if index not in places:
            raise InputError(f"{item.where}: {item.id}: no such entry; {value.id} has shape {value.shape}")
        places = [index]
    if len(item.texts) != len(places):
        raise InputError(
            f"{item.where}: {item.id}: expected {_count(len(places))} (shape {value.shape}), got {len(item.texts)}"
        )
    return value, places


def _count(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"


def _typed(text: str, item: Given) -> Typed:
    try:
        return Typed.of(text)
    except ValueError:
        raise InputError(f"{item.where}: {item.id}: not a number: {text!r}; write it as -0.0971 or 4.4e-4") from None


def _from_file(path: Path) -> Iterator[Given]:
    readers = {".csv": _from_csv, ".yaml": _from_yaml, ".yml": _from_yaml, ".json": _from_yaml}
    reader = readers.get(path.suffix.lower())
    if not path.is_file():
        raise InputError(f"{path}: no such answers file")
    if reader is None:
        raise InputError(f"{path}: expected a file that ends in .csv, .yaml or .json, got {path.suffix or 'no ending'}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    return reader(text, str(path))


def _from_csv(text: str, where: str) -> Iterator[Given]:
    import csv

    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"^([^,;\[]+)\[(\d+),\s*(\d+)\]", r"\1[\2][\3]", line.split("#")[0].strip())
        if not bare or re.match(r"id\s*[,;\t]", bare, re.IGNORECASE):
            continue
        separator = next((sign for sign in (",", ";", "\t") if sign in bare), ",")
        cells = [cell.strip() for cell in next(csv.reader([bare], delimiter=separator, skipinitialspace=True))]
        values = [part for cell in cells[1:] for part in re.split(r"[\s,;\[\]()]+", cell.strip(" \t[]()"))]
        yield Given(cells[0], tuple(values), f"{where}: line {number}")


def _from_yaml(text: str, where: str) -> Iterator[Given]:
    import yaml

    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise DataError(f"{where}: not readable as YAML: {' '.join(str(error).split())}") from None
    if node is None:
        return
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{where}: expected lines such as dh.2: [-0.0971, 0.2076]")
    for key, value in node.value:
        place = f"{where}: line {key.start_mark.line + 1}"
        yield Given(str(key.value), tuple(_scalars(value, f"{place}: {key.value}")), place)


def _scalars(node: Any, where: str) -> Iterator[str]:
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


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif value is None:
        yield ""
    elif isinstance(value, Iterable) and not (isinstance(value, np.ndarray) and value.ndim == 0):
        for inner in value:
            yield from _texts(inner)
    else:
        yield "" if value != value else repr(float(value)) if not isinstance(value, np.float32) else str(value)  # noqa: PLR0124
