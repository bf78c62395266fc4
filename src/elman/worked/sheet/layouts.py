"""Cut weights as PyTorch, Keras and ONNX store them into the named matrices of the equations.

    layout   names                                              gates, LSTM  GRU      biases pytorch  weight_ih_l0
    (G*H, I) weight_hh_l0 bias_ih_l0 ...  i f g o      r z n    two, added up (in a GRU's n kept apart) keras
    kernel (I, G*H)  recurrent_kernel  bias            i f g o      z r n    one, or two rows for reset_after onnx
    W (D, G*H, I)  R (D, G*H, H)  B (D, 2*G*H)         i o f g      z r n    two, joined in B

A second layer has `_l1` in PyTorch and `_l2` in the others; the direction that reads from right to left `_reverse` in
PyTorch, `_r` in Keras, the second entry of the first axis in ONNX. The output layer keeps its own names, W_hy and
b_y.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from elman.errors import InputError
from elman.quoting import listed
from elman.worked.sheet.names import Array, Name
from elman.worked.sheet.worksheet import Worksheet

_ORDER = {
    "pytorch": {"rnn": "h", "lstm": "ifgo", "gru": "rzn"},
    "keras": {"rnn": "h", "lstm": "ifgo", "gru": "zrn"},
    "onnx": {"rnn": "h", "lstm": "iofg", "gru": "zrn"},
}
_OUTPUT = {"W_hy", "b_y"}


@dataclass(frozen=True, slots=True)
class Imported:
    """Hold parameters by Elman's names, and of each which part of which stored array it is."""

    arrays: Mapping[str, Array]
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Block:
    """Name the weights of one layer in one direction, gates stacked in rows, and their names in the sheet."""

    inputs: Array
    recurrent: Array
    input_bias: Array
    recurrent_bias: Array
    names: tuple[str, str, str]
    place: Name


def to_elman(sheet: Worksheet) -> Imported:
    """Return the parameters of a sheet by Elman's names, whatever their layout."""
    if sheet.layout == "elman":
        return Imported(sheet.parameters, {})
    arrays = {name: array for name, array in sheet.parameters.items() if name in _OUTPUT}
    origins: dict[str, str] = {}
    used = set(arrays)
    for block in _blocks(sheet):
        used |= {part for name in block.names for part in name.split(" + ")}
        _slice(sheet, block, arrays, origins)
    for name in sheet.parameters:
        if name not in used:
            raise InputError(
                f"parameters.{name}: not part of the {sheet.layout} layout here; expected {', '.join(sorted(used))}"
            )
    return Imported(arrays, origins)


def conventions(sheet: Worksheet) -> Worksheet:
    """Fill in what a layout settles about a GRU; refuse a sheet that says otherwise."""
    if sheet.cell != "gru" or sheet.layout == "elman":
        return sheet
    known = {"z": "keep"}
    if sheet.layout == "pytorch":
        known["reset"] = "after"
    elif sheet.layout == "keras" and "bias" in sheet.parameters:
        known["reset"] = "after" if sheet.parameters["bias"].ndim == 2 else "before"
    for field, value in known.items():
        stated = getattr(sheet, field)
        if stated not in {None, value}:
            raise InputError(
                f"{field}: weights in the {sheet.layout} layout mean {value!r}, and the sheet says {stated!r}"
            )
    return sheet.model_copy(update=known)


def _blocks(sheet: Worksheet) -> Iterator[_Block]:
    read = {"pytorch": _pytorch, "keras": _keras, "onnx": _onnx}[sheet.layout]
    for layer in range(1, sheet.layers + 1):
        for reverse in (False, True)[: 2 if sheet.bidirectional else 1]:
            yield read(sheet, Name("", layer=layer, reverse=reverse))


def _pytorch(sheet: Worksheet, place: Name) -> _Block:
    tail = f"l{place.layer - 1}{'_reverse' if place.reverse else ''}"
    names = [f"{stem}_{tail}" for stem in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    inputs, recurrent, input_bias, recurrent_bias = (_given(sheet, name) for name in names)
    return _Block(
        inputs, recurrent, input_bias, recurrent_bias, (names[0], names[1], f"{names[2]} + {names[3]}"), place
    )


def _keras(sheet: Worksheet, place: Name) -> _Block:
    names = tuple(f"{stem}{place.base}" for stem in ("kernel", "recurrent_kernel", "bias"))
    inputs, recurrent, bias = (_given(sheet, name) for name in names)
    one, two = (bias[0], bias[1]) if bias.ndim == 2 and len(bias) == 2 else (bias, np.zeros_like(bias))
    return _Block(inputs.T, recurrent.T, one, two, (names[0], names[1], names[2]), place)


def _onnx(sheet: Worksheet, place: Name) -> _Block:
    layer = Name("", layer=place.layer).base
    names = tuple(f"{stem}{layer}" for stem in ("W", "R", "B"))
    arrays = [_given(sheet, name) for name in names]
    directions = 2 if sheet.bidirectional else 1
    for name, array, axes in zip(names, arrays, (3, 3, 2), strict=True):
        if array.ndim != axes or len(array) != directions:
            raise InputError(
                f"parameters.{name}: expected {axes} axes, the first of {directions}, got shape {array.shape}"
            )
    inputs, recurrent, bias = (array[int(place.reverse)] for array in arrays)
    half = len(bias) // 2
    return _Block(inputs, recurrent, bias[:half], bias[half:], (names[0], names[1], names[2]), place)


def _given(sheet: Worksheet, name: str) -> Array:
    if name not in sheet.parameters:
        raise InputError(
            f"parameters.{name}: missing; the {sheet.layout} layout has it; given are {listed(sheet.parameters)}"
        )
    return sheet.parameters[name]


def _slice(sheet: Worksheet, block: _Block, arrays: dict[str, Array], origins: dict[str, str]) -> None:
    order = _ORDER[sheet.layout][sheet.cell]
    hidden = _check_shapes(block, len(order))
    for k, gate in enumerate(order):
        rows = slice(k * hidden, (k + 1) * hidden)
        apart = sheet.reset == "after" and gate == "n"
        bias = block.input_bias[rows] if apart else block.input_bias[rows] + block.recurrent_bias[rows]
        pieces = {f"W_x{gate}": block.inputs[rows], f"W_h{gate}": block.recurrent[rows], f"b_{gate}": bias}
        pieces |= {"b_hn": block.recurrent_bias[rows]} if apart else {}
        for (symbol, array), name in zip(pieces.items(), (*block.names, block.names[2]), strict=False):
            key = Name(symbol, layer=block.place.layer, reverse=block.place.reverse).base
            arrays[key] = array
            origins[key] = f"gate {gate} of {name}, entries {rows.start + 1} to {rows.stop} of {len(order) * hidden}"


def _check_shapes(block: _Block, gates: int) -> int:
    """Return the hidden size, once every array has gates * hidden rows."""
    recurrent = block.recurrent
    hidden = recurrent.shape[-1] if recurrent.ndim == 2 else 0
    if not hidden or recurrent.shape[0] != gates * hidden:
        raise InputError(
            f"parameters.{block.names[1]}: expected {gates} gates of H rows and H columns, got {recurrent.shape}"
        )
    if block.inputs.ndim != 2 or len(block.inputs) != gates * hidden:
        raise InputError(
            f"parameters.{block.names[0]}: expected {gates * hidden} entries for {gates} gates, "
            f"got {block.inputs.shape}"
        )
    for bias in (block.input_bias, block.recurrent_bias):
        if bias.shape != (gates * hidden,):
            raise InputError(
                f"parameters.{block.names[2]}: expected shape ({gates * hidden},) for each bias, got {bias.shape}"
            )
    return hidden
