"""Run a trained network one time step at a time, with the state kept between calls.

`plan.py` turns a module into parts (`part.py`), `stream.py` runs them on the kernels, `values.py` checks what is passed
to it, `state.py` is the state outside of a stream, and `sampling.py` chooses a symbol by its score.
"""

from elman.streams.sampling import Sampling
from elman.streams.state import StreamState
from elman.streams.stream import Stream

__all__ = ["Sampling", "Stream", "StreamState"]
