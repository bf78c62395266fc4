"""Define `elman.explain` and `elman.check`: read any description of a small network, compute it, mark answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import InputError
from elman.limits import SEARCH_SECONDS
from elman.worked.calculus.network import calculate
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.problem import problem
from elman.worked.sheet.sheetfile import load
from elman.worked.sheet.size import refuse_if_too_large
from elman.worked.sheet.worksheet import Worksheet, read_sheet
from elman.worked.trace import Trace

if TYPE_CHECKING:
    from elman.worked.marking.report import Marks


def explain(worksheet: Any, inputs: Any = None, **more: Any) -> Trace:
    """Work a small recurrent network by hand: every number of the forward pass and of backpropagation through time.

    Args:
        worksheet: the name of a gallery sheet, the path of a YAML file, a mapping of the same fields, a `Worksheet`;
            or a small recurrent module of Elman or `torch.nn`, with `inputs` (T, I) beside it.
        inputs: the input vectors, only with a module.
        more: with a module, further fields of the worksheet (`output`, `loss`, `target`, ...).
    """
    sheet = _sheet(worksheet, inputs, more)
    checked = problem(sheet)
    refuse_if_too_large(checked)
    return Trace(checked, calculate(checked, Tape()))


def check(worksheet: Any, answers: Any, *, digits: int | None = None, seconds: float = SEARCH_SECONDS) -> "Marks":
    """Mark a student's sheet: every number right, rounding, carried forward, a known mistake by name, or wrong.

    Args:
        worksheet: whatever `explain` takes.
        answers: a CSV, YAML or JSON file, or a mapping, of ids and numbers; any subset of the sheet.
        digits: decimals that an answer needs to be right; by default two fewer than the sheet prints, at least 2.
        seconds: how long to look for the known mistakes that explain what is wrong.
    """
    return explain(worksheet).check(answers, digits=digits, seconds=seconds)


def _sheet(worksheet: Any, inputs: Any, more: Mapping[str, Any]) -> Worksheet:
    if inputs is None and not more:
        if isinstance(worksheet, Worksheet):
            return worksheet
        if isinstance(worksheet, str | Path):
            return load(worksheet)
        if isinstance(worksheet, Mapping):
            return read_sheet(worksheet)
    if hasattr(worksheet, "named_parameters"):
        if inputs is None:
            raise InputError(
                f"inputs: a {type(worksheet).__name__} needs a sequence to read; give a tensor or array (T, I)"
            )
        from elman.worked.sheet.from_torch import worksheet_of

        described: Worksheet = worksheet_of(worksheet, inputs, **more)
        return described
    raise InputError(
        "worksheet: expected a name, a path, a mapping, a Worksheet, or a torch module with inputs; "
        f"got {type(worksheet).__name__}"
    )
