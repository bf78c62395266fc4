"""Write the losses of a training for TensorBoard."""

import os
from typing import Any

from elman.extras import required_by
from elman.train.progress import Callback, Counters, Plan, Progress


class TensorBoard(Callback):
    """Writes losses, learning rate and speed to a folder, which `tensorboard --logdir FOLDER` shows.

    A resumed training goes on in the same folder.

    Args:
        folder: The folder of this training; made if it is not there.

    Raises:
        MissingLibraryError: tensorboard is not installed.

    Example:
        >>> import elman, tempfile
        >>> model = elman.FeedForward(hidden_size=4, epochs=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = model.fit([[0], [1]] * 20, [0, 1] * 20, callback=elman.train.TensorBoard(folder))
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        with required_by("TensorBoard"):
            import tensorboard  # noqa: F401 -- before training, not in it

        self._folder = os.fspath(folder)
        self._writer: Any = None

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Open the folder; what a stopped training wrote after its checkpoint is not shown."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(self._folder, purge_step=counters.step or None)

    def on_step(self, progress: Progress) -> None:
        """Write the loss of the last update, the learning rate, and the targets per second."""
        self._write(progress, {"loss/update": progress.train_loss, "targets per second": progress.rate})

    def on_evaluation(self, progress: Progress) -> None:
        """Write the mean training loss since the last evaluation, and the held-out loss."""
        losses = {"loss/training": progress.train_loss, "loss/held out": progress.counters.validation}
        self._write(progress, losses)
        self._writer.flush()

    def on_end(self, counters: Counters) -> None:
        """Close the folder."""
        if self._writer:
            self._writer.close()

    def _write(self, progress: Progress, values: dict[str, float | None]) -> None:
        for name, value in (values | {"learning rate": progress.learning_rate}).items():
            if value is not None:
                self._writer.add_scalar(name, value, progress.counters.step)
