"""The recurrent operations: one layer, one direction, one call.

`reference/` is the truth in plain torch; `rnn.py`, `gru.py` and `lstm.py` are the native operations; `dispatch.py`
says which of them, or of torch's own kernels, a layer uses and why.
"""
