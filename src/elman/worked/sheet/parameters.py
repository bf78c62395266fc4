"""List the parameters of each cell, with their shapes, and the states that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, the letters of its gates (one letter a block of parameters), and its states."""

    gates: tuple[str, ...]
    states: tuple[str, ...] = ("h",)
    extra: tuple[str, ...] = ()

    def shapes(self, hidden: int, inputs: int) -> dict[str, tuple[int, ...]]:
        """The parameters and their shapes: W_x* (H, I), W_h* (H, H), b_* (H,)."""
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
