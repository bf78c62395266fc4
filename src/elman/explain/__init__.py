"""The worked calculation: every number of the forward pass and of backpropagation through time, on the board.

`elman.explain(worksheet, inputs=None, **fields)` gives a `Trace`: values by id, in the order in which a teacher writes
them.

    trace = elman.explain("love-book")  # a gallery name, a YAML file, a mapping, a Worksheet, or a torch module
    value = trace["1/dh.5"]  # a Value: id, array, shape, phase, t, reason, expr, operands, uses, sources
    value.array, value.reason  # the number at full precision, and why
    [v.id for v in value.operands]  # what it was made from; `uses`: what was made from it
    trace.derivative("1/h.5")  # what h_5 passes back, as an expression for each operand
    trace.to("terminal")  # or markdown, latex, json, ipynb, html
    trace.gradients.compare()  # held to torch's autograd
    print(trace.check_line)  # the check against central differences that every run makes

The parts, from the bottom: `ids` (names), `expr` (expressions and values), `operations` (what each operation means:
value, derivative, reason), `tape` (writing values down, walking back), `cells` (the equations), `worksheet`,
`choices`, `examples`, `problem` (what a sheet says, checked), `layouts` (PyTorch, Keras, ONNX weights), `network`,
`heads`, `gradients`, `update` (the calculation), `verify` (its check), `trace`; then `formula`, `scalars`, `digits`,
`notation` and `render/` (how it is shown).

The ids: `h.3 a.3 x.3 y p loss` forward (`p.3 loss.3` where there is one a step), `a_f.2 f.2 c.2` and so on for gates,
`d` before an id for the gradient of the loss with respect to it, `dW_hh@5` the share of step 5, `dW_hh` the sum,
`dW_hh~` clipped, `W_hh'` after the update, `E.love` an embedding, `1/h.3` in the first of several examples, `_l2` the
second layer, `_r` the direction that reads from right to left. `ids.py` has the grammar.

`elman.explain` is this package and also the function: the module is callable. A package named like its one function
would otherwise be replaced by the function, or hide it, depending on which was imported first; Python lets a module
choose its class for such cases
(https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access).
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.explain.expr import Value
    from elman.explain.trace import Trace
    from elman.explain.worksheet import Worksheet

_HOME = {
    "Trace": "elman.explain.trace",
    "Value": "elman.explain.expr",
    "Worksheet": "elman.explain.worksheet",
    "gallery": "elman.explain.sheetfile",
    "load": "elman.explain.sheetfile",
}

__all__ = ["Trace", "Value", "Worksheet", "explain", "gallery", "load"]


def explain(worksheet: Any, inputs: Any = None, **fields: Any) -> "Trace":
    """Work a small recurrent network by hand: every number of the forward pass and of backpropagation through time.

    Args:
        worksheet: the name of a gallery sheet, the path of a YAML file, a mapping of the same fields, a `Worksheet`;
            or a small recurrent module of Elman or `torch.nn`, with `inputs` (T, I) beside it.
        inputs: the input vectors, only with a module.
        fields: with a module, further fields of the worksheet (`output`, `loss`, `target`, ...); docs/worksheet.md
            and `elman explain --schema` list them.

    Raises:
        InputError: the sheet leaves something open, contradicts itself, or is too large.
        DataError: the file cannot be read, or the numbers grow beyond float64.
    """
    from elman.explain.entry import explain as work

    return work(worksheet, inputs, **fields)


class _Callable(ModuleType):
    """A module that is called like the function it is named after."""

    def __call__(self, worksheet: Any, inputs: Any = None, **fields: Any) -> "Trace":
        """Work a small recurrent network by hand, as `explain` does."""
        return explain(worksheet, inputs, **fields)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'elman.explain' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
