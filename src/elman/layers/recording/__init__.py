"""The lid off: every gate, state and gradient of every step of the layers of a model.

`record.py` opens and closes it, `call.py` and `steps.py` are what is seen of one call, of one layer in one direction,
`joined.py` of several calls as one sequence;
`shares.py` takes a weight's gradient apart by steps, `size.py` says what it all takes.
"""

from elman.layers.recording.call import Call
from elman.layers.recording.joined import Joined
from elman.layers.recording.record import Record, record
from elman.layers.recording.size import RecordTooLargeError
from elman.layers.recording.steps import Steps

__all__ = ["Call", "Joined", "Record", "RecordTooLargeError", "Steps", "record"]
