"""The training loop that every job shares: progress, metrics, checkpoints, early stopping. It knows no job."""

from elman.signals import Interrupted
from elman.train.container import read_container, write_container
from elman.train.loop import Loop
from elman.train.progress import Callback, Counters, Plan, Progress
from elman.train.run import RunFiles, RunOptions
from elman.train.task import Batch, Task
from elman.train.tensorboard import TensorBoard

__all__ = [
    "Batch",
    "Callback",
    "Counters",
    "Interrupted",
    "Loop",
    "Plan",
    "Progress",
    "RunFiles",
    "RunOptions",
    "Task",
    "TensorBoard",
    "read_container",
    "write_container",
]
