"""Record every gate, state and gradient of every step of the layers of a model.

`record.py` has the block. A `Call` (`call.py`) has one `Steps` (`steps.py`) for each layer and direction; `joined.py`
joins several calls into one sequence. `rows.py` holds the recorded numbers, `shares.py` splits a weight's gradient into
steps, and `size.py` computes the memory of a record.
"""

from elman.layers.recording.call import Call
from elman.layers.recording.joined import Joined
from elman.layers.recording.record import Record, record
from elman.layers.recording.size import RecordTooLargeError
from elman.layers.recording.steps import Steps

__all__ = ["Call", "Joined", "Record", "RecordTooLargeError", "Steps", "record"]
