"""Ctrl-C between two steps instead of in the middle of one, so that what is saved is whole."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Ctrl-C stopped a training after `step` updates; a checkpoint, if there is a place for one, has been saved."""

    def __init__(self, step: int):
        super().__init__(f"stopped after step {step:,}")
        self.step = step


class Patience:
    """Notes the first Ctrl-C in `asked`; a second one ends the program at once, as Python does.

    Signals reach Python's main thread only: in any other thread this does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> "Patience":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self._before)
