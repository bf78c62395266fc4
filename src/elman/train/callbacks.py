"""Combine the callbacks of a training; without any, a notebook gets a progress bar."""

from collections.abc import Sequence
from typing import Any

from elman.errors import InputError
from elman.train.notebook import NotebookShow, in_notebook
from elman.train.progress import Callback, Counters, Plan, Progress


class Callbacks(Callback):
    """Calls several callbacks in turn.

    Args:
        several: the callbacks.
    """

    def __init__(self, several: Sequence[Callback]) -> None:
        self._several = tuple(several)

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Call each of them."""
        for one in self._several:
            one.on_start(plan, counters)

    def on_step(self, progress: Progress) -> None:
        """Call each of them."""
        for one in self._several:
            one.on_step(progress)

    def on_evaluation(self, progress: Progress) -> None:
        """Call each of them."""
        for one in self._several:
            one.on_evaluation(progress)

    def on_end(self, counters: Counters) -> None:
        """Call each of them, also where one before raises an error; the last error is raised."""
        if not self._several:
            return
        try:
            self._several[0].on_end(counters)
        finally:
            Callbacks(self._several[1:]).on_end(counters)


def one_callback(given: Callback | Sequence[Callback] | None) -> Callback:
    """Return one callback for those that `fit` was given; None is a progress bar in a notebook, and silent elsewhere.

    Raises:
        InputError: it was given something else.
    """
    if given is None:
        return NotebookShow() if in_notebook() else Callback()
    if isinstance(given, Callback):
        return given
    several: Any = given
    for one in several if isinstance(several, list | tuple) else [several]:
        if not isinstance(one, Callback):
            raise InputError(f"callback: expected an elman.Callback or a list of them, got {type(one).__name__}")
    return Callbacks(list(several))
