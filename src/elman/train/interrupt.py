"""Ctrl-C between two steps instead of in the middle of one, so that what is saved is whole."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from elman.signals import heard


class Interrupted(KeyboardInterrupt):
    """A signal, such as Ctrl-C, stopped a training after `step` updates; a checkpoint, if it has a place, is saved."""

    def __init__(self, step: int, number: int = signal.SIGINT):
        super().__init__(f"stopped after step {step:,}")
        self.step, self.number = step, number


class Patience:
    """Notes the first Ctrl-C in `asked`, as its signal's number; a second one ends the program at once.

    So do the other signals that raise an exception in this program: `kill` and a closed terminal, in `elman`.

    Signals reach Python's main thread only: in any other thread this does nothing.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Patience":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in heard()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put_back()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        self._put_back()

    def _put_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
