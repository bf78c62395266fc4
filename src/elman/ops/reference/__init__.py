"""The reference: each cell as one equation in plain torch, under one time loop. Every kernel is tested against it.

`reference/<cell>.py` defines `step`, the equation of one time step, and the `Cell` of each of its variants; `CELLS`
lists them all by name. `recurrence` runs one over a sequence. Plain torch, so any dtype and device, any order of
derivative, export and compilation work. It knows nothing of layers, kernels or backends.
"""

from typing import Final

from elman.ops.cell import Cell
from elman.ops.reference.gru import GRU, GRU_RESET_BEFORE
from elman.ops.reference.loop import recurrence
from elman.ops.reference.lstm import LSTM
from elman.ops.reference.rnn import RNN_RELU, RNN_TANH

CELLS: Final[dict[str, Cell]] = {cell.name: cell for cell in (RNN_TANH, RNN_RELU, LSTM, GRU, GRU_RESET_BEFORE)}

__all__ = ["CELLS", "GRU", "GRU_RESET_BEFORE", "LSTM", "RNN_RELU", "RNN_TANH", "recurrence"]
