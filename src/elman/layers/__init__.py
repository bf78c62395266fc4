"""Drop-in recurrent layers and cells: torch.nn's constructors, parameters, calls and errors, on Elman's kernels.

`recurrent.py` holds what all layers share, `cells.py` the single steps, `checks.py` the errors; `rnn.py`, `gru.py` and
`lstm.py` say what is particular to one. `recording/` shows what they do, step by step; `adoption.py` makes
torch.nn's layers Elman's.
"""

from elman.layers.adoption import adopt, release
from elman.layers.cells import GRUCell, LSTMCell, RNNCell
from elman.layers.gru import GRU
from elman.layers.lstm import LSTM
from elman.layers.recording import record
from elman.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell", "adopt", "record", "release"]
