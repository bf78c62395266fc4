"""Train through time: streams, carried state, truncation, clipping, and the search for non-finite numbers."""

from elman.bptt.gradients import Clip, Gradients, first_fault
from elman.bptt.streams import Streams, Window
from elman.bptt.truncated import (
    Position,
    Reach,
    Recur,
    Source,
    State,
    Truncated,
    detach,
    pack_state,
    run_with_resets,
    unpack_state,
    zero_rows,
)

__all__ = [
    "Clip",
    "Gradients",
    "Position",
    "Reach",
    "Recur",
    "Source",
    "State",
    "Streams",
    "Truncated",
    "Window",
    "detach",
    "first_fault",
    "pack_state",
    "run_with_resets",
    "unpack_state",
    "zero_rows",
]
