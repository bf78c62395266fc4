"""Check a worksheet: find its sizes, check every shape, look up every word, turn every target into numbers.

`Problem` is what the calculation starts from. Each refusal names the field, the shape expected and the one given. A
sheet that is too large to compute, or to show whole, is refused too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from elman.errors import InputError
from elman.limits import SHEET_NUMBERS, SHOWN_NUMBERS
from elman.quoting import listed
from elman.worked.sheet.choices import check_choices
from elman.worked.sheet.examples import Sequence, read_example
from elman.worked.sheet.layouts import conventions, to_elman
from elman.worked.sheet.names import CELLS, Array, Name
from elman.worked.sheet.worksheet import Worksheet


@dataclass(frozen=True, slots=True)
class Problem:
    """Hold a checked worksheet: `parameters` by id (`W_xh_l2_r`), in the order in which they are printed."""

    sheet: Worksheet
    cell: str
    hidden: int
    inputs: int
    outputs: int
    parameters: Mapping[str, Array]
    names: Mapping[str, Name]
    origins: Mapping[str, str]
    embeddings: Mapping[str, Array]
    sequences: tuple[Sequence, ...]

    @property
    def directions(self) -> int:
        """Return one, or two for a bidirectional network."""
        return 2 if self.sheet.bidirectional else 1


def problem(sheet: Worksheet) -> Problem:
    """Check a worksheet and find its sizes."""
    sheet = conventions(sheet)
    check_choices(sheet)
    imported = to_elman(sheet)
    cell = f"gru_{sheet.reset}" if sheet.cell == "gru" else sheet.cell
    given = _plain_names(sheet, imported.arrays)
    hidden, inputs, outputs = _hidden(cell, given), _inputs(sheet), _outputs(sheet, given)
    shapes, names = _expected(sheet, cell, hidden, inputs, outputs)
    parameters = _checked(given, shapes)
    width = outputs or hidden * (2 if sheet.bidirectional else 1)
    sequences = tuple(
        read_example(sheet, k, size=inputs, outputs=width, hidden=hidden, states=CELLS[cell].states)
        for k in range(len(sheet.examples))
    )
    embeddings = sheet.embeddings or {}
    return Problem(sheet, cell, hidden, inputs, outputs, parameters, names, imported.origins, embeddings, sequences)


def _plain_names(sheet: Worksheet, given: Mapping[str, Array]) -> dict[str, Array]:
    # The notes write the output layer W_ho, b_o; in an LSTM, those are the weights of the output gate.
    other = {"W_ho": "W_hy", "b_o": "b_y"} if sheet.cell == "rnn" else {}
    for name, plain in other.items():
        if name in given and plain in given:
            raise InputError(f"parameters.{name}: is another name for {plain}, and both are given; remove one")
    return {other.get(name, name): array for name, array in given.items()}


def _hidden(cell: str, given: Mapping[str, Array]) -> int:
    first = f"W_h{CELLS[cell].gates[0]}"
    if first not in given:
        raise InputError(f"parameters.{first}: missing; expected shape (H, H); given are {listed(given) or 'none'}")
    shape = given[first].shape
    if len(shape) == 1 and shape[0] > 1:
        readings = "a diagonal, or the same entry in a whole row"
        raise InputError(
            f"parameters.{first}: expected shape (H, H), got {shape}: it can be read as {readings}; write the matrix"
        )
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise InputError(f"parameters.{first}: expected shape (H, H), got {shape}")
    return int(shape[0])


def _inputs(sheet: Worksheet) -> int:
    """Return the input size, by the first embedding or the first example's vectors."""
    if sheet.embeddings is not None:
        for word, vector in sheet.embeddings.items():
            size = next(iter(sheet.embeddings.values())).shape
            if vector.ndim != 1 or vector.shape != size:
                raise InputError(
                    f"embeddings.{word}: expected shape {size if len(size) == 1 else '(I,)'}, got {vector.shape}"
                )
        return len(next(iter(sheet.embeddings.values())))
    inputs = sheet.examples[0].inputs
    if inputs is None:
        raise InputError("examples.1: expected 'inputs' (vectors), or 'words' and a table of 'embeddings'; got neither")
    if inputs.ndim != 2 or not inputs.size:
        raise InputError(f"examples.1.inputs: expected shape (T, I), one row a step, got {inputs.shape}")
    return int(inputs.shape[1])


def _outputs(sheet: Worksheet, given: Mapping[str, Array]) -> int:
    matrix = given.get("W_hy")
    if sheet.output.kind == "none":
        if matrix is not None:
            raise InputError("parameters.W_hy: the output is 'none', so it has no weights; remove it or name an output")
        return 0
    if matrix is None or matrix.ndim != 2:
        got = "nothing" if matrix is None else matrix.shape
        raise InputError(f"parameters.W_hy: expected shape (O, H), one row an output, got {got}")
    return int(matrix.shape[0])


def _expected(
    sheet: Worksheet, cell: str, hidden: int, inputs: int, outputs: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, Name]]:
    directions = 2 if sheet.bidirectional else 1
    shapes: dict[str, tuple[int, ...]] = {}
    names: dict[str, Name] = {}
    for layer in range(1, sheet.layers + 1):
        size = inputs if layer == 1 else hidden * directions
        for reverse in (False, True)[:directions]:
            for symbol, shape in CELLS[cell].shapes(hidden, size).items():
                name = Name(symbol, layer=layer, reverse=reverse)
                shapes[name.base], names[name.base] = shape, name
    if sheet.output.kind != "none":
        shapes |= {"W_hy": (outputs, hidden * directions), "b_y": (outputs,)}
        names |= {"W_hy": Name("W_hy"), "b_y": Name("b_y")}
    return shapes, names


def _checked(given: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    for name in given:
        if name not in shapes:
            raise InputError(f"parameters.{name}: not a parameter of this network; expected {', '.join(shapes)}")
    checked = {}
    for name, shape in shapes.items():
        if name not in given:
            zeros = " (write zeros if the network has none)" if name.startswith("b_") else ""
            raise InputError(f"parameters.{name}: missing; expected shape {shape}{zeros}")
        array = given[name].reshape(1) if given[name].shape == () and shape == (1,) else given[name]
        if array.shape != shape:
            raise InputError(f"parameters.{name}: expected shape {shape}, got {array.shape}{_hint(array.shape, shape)}")
        checked[name] = array
    return checked


def _hint(given: tuple[int, ...], expected: tuple[int, ...]) -> str:
    if given == expected[::-1] and len(given) == 2:
        return ": it looks transposed; Elman writes W x with column vectors"
    return ""


def count(problem: Problem) -> int:
    """Estimate how many numbers the calculation holds: above all, one share of each weight gradient a step."""
    weights = sum(array.size for array in problem.parameters.values())
    steps = sum(sequence.length for sequence in problem.sequences)
    values = 20 * problem.hidden * problem.directions * problem.sheet.layers + 4 * problem.inputs + 8 * problem.outputs
    return steps * (weights + values) + (4 + len(problem.sequences)) * weights


def refuse_if_too_large(problem: Problem) -> None:
    """Refuse a sheet that nobody would read and that would fill the memory."""
    numbers = count(problem)
    if numbers > SHEET_NUMBERS:
        raise InputError(
            f"worksheet: about {numbers:,} numbers, more than the {SHEET_NUMBERS:,} that are worked; "
            "take a smaller hidden size or fewer steps (elman.record keeps the states of a network of any size)"
        )


def refuse_to_show(numbers: int, length: int) -> None:
    """Refuse to print a whole sheet that is too long to read; single values and steps remain."""
    if numbers > SHOWN_NUMBERS:
        raise InputError(
            f"worksheet: {numbers:,} numbers, more than the {SHOWN_NUMBERS:,} shown at once; ask for one value "
            f"(--id dW_hh, --id h.1 to h.{length}, --id dh.1 to dh.{length}) or for one step (--step 1 to {length})"
        )
