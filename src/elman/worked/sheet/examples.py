"""Read the sequences of a worksheet: words looked up, inputs and targets made numbers, initial states filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elman.errors import InputError
from elman.quoting import listed, quote, shorten
from elman.worked.sheet.names import Array, Name
from elman.worked.sheet.worksheet import Example, Worksheet


@dataclass(frozen=True, slots=True)
class Sequence:
    """Hold one example: `inputs` (T, I), a target for each step that has a loss, and the first states by id."""

    words: tuple[str, ...] | None
    inputs: Array
    targets: Mapping[int, Array]
    initial: Mapping[str, Array]

    @property
    def length(self) -> int:
        """Return the number of steps, T."""
        return len(self.inputs)


def read_example(
    sheet: Worksheet, k: int, *, size: int, outputs: int, hidden: int, states: tuple[str, ...]
) -> Sequence:
    """Check example `k` and turn it into numbers."""
    example, where = sheet.examples[k], f"examples.{k + 1}"
    words = _words(example, where)
    inputs = _inputs(example, where, size) if words is None else _look_up(sheet, words, where)
    targets = _targets(sheet, example, where, len(inputs), outputs)
    return Sequence(words, inputs, targets, _initial(sheet, example, where, hidden, states))


def _words(example: Example, where: str) -> tuple[str, ...] | None:
    given = [name for name in ("words", "text", "inputs") if getattr(example, name) is not None]
    if len(given) != 1:
        raise InputError(
            f"{where}: expected one of words, text and inputs, got {' and '.join(given) or 'none of them'}"
        )
    words = tuple(example.text.split()) if example.text is not None else example.words
    if words is not None and not words:
        raise InputError(f"{where}.{given[0]}: expected at least one word, got none")
    return words


def _look_up(sheet: Worksheet, words: tuple[str, ...], where: str) -> Array:
    table = sheet.embeddings
    if table is None:
        raise InputError(f"{where}: has words, but the sheet has no embeddings")
    for t, word in enumerate(words, 1):
        if word not in table:
            raise InputError(f"{where}: word {t}, {quote(word)}, is not in embeddings; expected one of {listed(table)}")
    return np.array([table[word] for word in words], dtype=np.float64)


def _inputs(example: Example, where: str, size: int) -> Array:
    inputs = np.asarray(example.inputs)
    if inputs.ndim != 2 or inputs.shape[1] != size or not len(inputs):
        raise InputError(f"{where}.inputs: expected shape (T, {size}), one row a step, got {inputs.shape}")
    return inputs


def _targets(sheet: Worksheet, example: Example, where: str, length: int, outputs: int) -> dict[int, Array]:
    if sheet.loss is None:
        if example.target is not None or example.targets is not None:
            raise InputError(f"{where}: has a target, but the sheet has no loss; name one, or remove the target")
        return {}
    if sheet.loss.at == "last":
        if example.target is None or example.targets is not None:
            raise InputError(f"{where}: expected 'target', because the loss is at the last step")
        return {length: _target(sheet, example.target, f"{where}.target", outputs)}
    if example.targets is None or example.target is not None or len(example.targets) != length:
        got = "none" if example.targets is None else len(example.targets)
        raise InputError(
            f"{where}.targets: expected {length}, one a step, because the loss is at every step; got {got}"
        )
    return {t: _target(sheet, given, f"{where}.targets.{t}", outputs) for t, given in enumerate(example.targets, 1)}


def _target(sheet: Worksheet, given: Array, where: str, outputs: int) -> Array:
    kind = sheet.loss.kind if sheet.loss else ""
    if kind == "cross_entropy" and given.shape == ():
        return _one_hot(float(given), where, outputs)
    if given.shape == () and outputs == 1:
        given = given.reshape(1)
    if given.shape != (outputs,):
        raise InputError(f"{where}: expected shape ({outputs},), one number an output, got {given.shape}")
    if kind == "binary_cross_entropy" and not ((given >= 0) & (given <= 1)).all():
        raise InputError(f"{where}: expected labels from 0 to 1, got {shorten(str(given.tolist()))}")
    if kind == "cross_entropy" and (abs(given.sum() - 1) > 1e-9 or (given < 0).any()):
        got = shorten(str(given.tolist()))
        raise InputError(
            f"{where}: expected a class from 0 to {outputs - 1}, or probabilities that sum to 1, got {got}"
        )
    return given


def _one_hot(label: float, where: str, outputs: int) -> Array:
    if not label.is_integer() or not 0 <= label < outputs:
        raise InputError(f"{where}: expected a class from 0 to {outputs - 1}, counted from 0, got {label:g}")
    return np.array(np.arange(outputs) == int(label), dtype=np.float64)


def _initial(sheet: Worksheet, example: Example, where: str, hidden: int, states: tuple[str, ...]) -> dict[str, Array]:
    places = [
        Name(state, layer=layer, reverse=reverse).base
        for layer in range(1, sheet.layers + 1)
        for reverse in (False, True)[: 2 if sheet.bidirectional else 1]
        for state in states
    ]
    for name, array in example.initial.items():
        if name not in places:
            raise InputError(f"{where}.initial.{name}: not a state of this network; expected {', '.join(places)}")
        if array.shape != (hidden,):
            raise InputError(f"{where}.initial.{name}: expected shape ({hidden},), got {array.shape}")
    return {name: example.initial.get(name, np.zeros(hidden)) for name in places}
