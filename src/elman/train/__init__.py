"""The training loop that every job shares: progress, metrics, checkpoints, early stopping. It knows no text."""

from elman.train.container import read_container, write_container
from elman.train.files import RunFiles
from elman.train.interrupt import Interrupted
from elman.train.listener import Listener, Plan, Sighting, Silent
from elman.train.loop import Loop, Place
from elman.train.progress import Progress
from elman.train.task import Batch, Task

__all__ = [
    "Batch",
    "Interrupted",
    "Listener",
    "Loop",
    "Place",
    "Plan",
    "Progress",
    "RunFiles",
    "Sighting",
    "Silent",
    "Task",
    "read_container",
    "write_container",
]
