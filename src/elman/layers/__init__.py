"""Drop-in recurrent layers and cells: torch.nn's constructors, parameters, calls and errors, on Elman's kernels.

`recurrent.py` holds what all layers share, `cells.py` the single steps, `checks.py` the errors; `rnn.py`, `gru.py` and
`lstm.py` say what is particular to one.
"""

from elman.layers.cells import GRUCell, LSTMCell, RNNCell
from elman.layers.gru import GRU
from elman.layers.lstm import LSTM
from elman.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]
