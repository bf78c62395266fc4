"""Provide drop-in recurrent layers and cells: torch.nn's constructors, parameters, calls and errors, on our kernels.

`recurrent.py` holds what all layers share, `cells.py` the single steps, `checks.py` the errors; `rnn.py`, `gru.py` and
`lstm.py` define one layer each. `recording/` records every step; `adoption.py` replaces torch.nn's layers.
"""

from elman.layers.adoption import adopt, release
from elman.layers.cells import GRUCell, LSTMCell, RNNCell
from elman.layers.gru import GRU
from elman.layers.lstm import LSTM
from elman.layers.recording import record
from elman.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell", "adopt", "record", "release"]
