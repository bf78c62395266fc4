"""The record of a recurrent cell: its equation, its sizes and its number in the kernels' library.

`reference/<cell>.py` defines one `Cell` for each equation, and `elman.ops.reference.CELLS` lists them. Layers, both
backends, the record of each step and the benchmarks read the sizes of a cell from there. `passes.py` compares them with
the library when it is imported.

Cells to come have these places: more weights (layer normalization, peepholes) are fields of `Parameters` and of
`elman_call`; more state is another name in `Cell.states`; what differs from step to step (a mask that resets rows,
zoneout) is an argument of `run`, as `batch_sizes` is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor

State = tuple[Tensor, ...]
Gates = dict[str, Tensor]


class Parameters(NamedTuple):
    """The parameters of one layer in one direction, by torch's names and in torch's order.

    Shapes: `w_ih` (G*H, I), `w_hh` (G*H, H), biases (G*H,) or None; `w_hr` (P, H) projects an LSTM's output to P, and
    makes `w_hh` (G*H, P).
    """

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    w_hr: Tensor | None = None


Step = Callable[[Tensor, State, Parameters], tuple[State, Gates]]


@dataclass(frozen=True)
class Cell:
    """One equation.

    Attributes:
        name: The name in messages and in `torch.ops.elman.recurrence`. Where torch has the cell, its functions are
            `torch.<name>` and `torch.<name>_cell`.
        number: The number in `elman_cell` of `kernels/elman.h`.
        step: The equation of one time step in plain torch.
        gates: The names of the gates, in the order of the row blocks of the weights.
        activations: The activation of each gate: "sigmoid", "tanh" or "identity".
        states: The names of the parts of the state; the first is the output.
        saved: Vectors of H that the kernels save for each row of each step; the gates come first.
        reset: When the first gate, r, scales the last one's part of W_hh's product: "before" it, W (r * h) + b, or
            "after" it, r * (W h + b); empty where no gate does.
        missing_in_torch: The words for a cell that torch.nn does not have; empty where it has it.
    """

    name: str
    number: int
    step: Step
    gates: tuple[str, ...]
    activations: tuple[str, ...]
    states: tuple[str, ...] = ("h",)
    saved: int = 0
    reset: Literal["", "before", "after"] = ""
    missing_in_torch: str = ""
