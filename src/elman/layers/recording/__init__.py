"""Record every gate, state and gradient of every step of the layers of a model.

`record.py` has the block. A `Call` (`call.py`) has one `Steps` (`steps.py`) for each layer and direction, and several
calls can be `Joined`. `rows.py` holds the recorded numbers and splits a weight's gradient into steps.
"""

from elman.layers.recording.call import Call, Joined
from elman.layers.recording.record import Record, RecordTooLargeError, record
from elman.layers.recording.steps import Steps

__all__ = ["Call", "Joined", "Record", "RecordTooLargeError", "Steps", "record"]
