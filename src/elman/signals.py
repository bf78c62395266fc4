"""Signals that ask a program to stop: Ctrl-C, `kill`, a terminal that was closed.

They raise an exception, or stop a training between two updates, so that its checkpoint is whole.
"""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, NoReturn

_ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """A signal, `number`, asked the program to stop."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped")
        self.number = number


class Interrupted(KeyboardInterrupt):
    """A signal, such as Ctrl-C, stopped a training after `step` updates; its checkpoint, if it has a file, is saved."""

    def __init__(self, step: int, number: int = signal.SIGINT):
        super().__init__(f"stopped after step {step:,}")
        self.step, self.number = step, number


class SigintGuard:
    """Delays Ctrl-C in a `with` block: `received` is the first signal's number, 0 before; a second one raises at once.

    It also delays the other signals that raise an exception in this program: in `elman`, SIGTERM and SIGHUP.
    Signals reach Python's main thread only; in any other thread the guard does nothing.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "SigintGuard":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in raising()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the exit code of a program that a signal stopped, as shells count: 130 after Ctrl-C."""
    return 128 + int(getattr(error, "number", signal.SIGINT))


def listen() -> None:
    """Make each of the signals raise `Stopped`, except those that are ignored, as `nohup` sets them."""
    for number in _ASKING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def raising() -> list[int]:
    """Return the signals that raise an exception: Ctrl-C always, the others after `listen`."""
    return [signal.SIGINT, *(number for number in _ASKING[1:] if signal.getsignal(number) is _stop)]


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    if _importing(frame):
        # Some packages swallow or rename an exception inside an import, and others are left half imported.
        os.write(2, b"elman: stopped\n")
        os._exit(128 + number)
    raise Stopped(number)


def _importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
