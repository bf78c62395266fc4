"""Name every value of a worked calculation, the id is its address; and list the parameters and states of each cell.

    [example/][d]symbol[_l2][_r][.t][@t][' or ~]

    h.3        the state after step 3            1/h.3      the same, of the first of several examples
    dh.5       dL/dh_5                           dW_hh@5    what step 5 adds to dL/dW_hh
    W_hh       a parameter                       dW_hh      the sum over the steps (and examples)
    W_hh'      after the update                  dW_hh~     after clipping
    h_l2.3     of the second layer               h_r.3      of the direction that reads from right to left
    E.love     the embedding of a word           v.W_hh'    a moment of the optimiser that belongs to W_hh

Layers are counted from 1, as steps are, and the first layer and the forward direction carry no mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Name:
    """Hold the parts of an id."""

    symbol: str
    t: int | None = None
    layer: int = 1
    reverse: bool = False
    example: int | None = None
    gradient: bool = False
    share: int | None = None
    mark: str = ""

    @property
    def base(self) -> str:
        """Return the symbol with its layer and direction, as parameters of a worksheet are written: `W_hh_l2_r`."""
        return self.symbol + (f"_l{self.layer}" if self.layer > 1 else "") + ("_r" if self.reverse else "")

    @property
    def id(self) -> str:
        """Return the address: `1/dW_hh_l2@5`."""
        example = "" if self.example is None else f"{self.example}/"
        time = "" if self.t is None else f".{self.t}"
        share = "" if self.share is None else f"@{self.share}"
        return f"{example}{'d' if self.gradient else ''}{self.base}{time}{share}{self.mark}"

    def d(self) -> "Name":
        """Return the name of the gradient of the loss with respect to this value."""
        return replace(self, gradient=True)

    def share_of(self, example: int | None, t: int) -> "Name":
        """Return the name of what step `t` of an example adds to this parameter's gradient."""
        return replace(self, example=example, gradient=True, share=t)

    def marked(self, mark: str) -> "Name":
        """Return the same name with a mark: `'` after the update, `~` after clipping."""
        return replace(self, mark=mark)


@dataclass(frozen=True, slots=True)
class Cell:
    """Describe a cell: the letters of its gates (one letter a block of parameters), and its states."""

    gates: tuple[str, ...]
    states: tuple[str, ...] = ("h",)
    extra: tuple[str, ...] = ()

    def shapes(self, hidden: int, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the parameters and their shapes: W_x* (H, I), W_h* (H, H), b_* (H,)."""
        shapes: dict[str, tuple[int, ...]] = {}
        for gate in self.gates:
            shapes |= {f"W_x{gate}": (hidden, inputs), f"W_h{gate}": (hidden, hidden), f"b_{gate}": (hidden,)}
        return shapes | dict.fromkeys(self.extra, (hidden,))


CELLS: Mapping[str, Cell] = {
    "rnn": Cell(("h",)),
    "lstm": Cell(("i", "f", "g", "o"), ("h", "c")),
    "gru_after": Cell(("r", "z", "n"), extra=("b_hn",)),
    "gru_before": Cell(("r", "z", "n")),
}
