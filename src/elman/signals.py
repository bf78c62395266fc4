"""Signals that ask a program to stop, as an exception: Ctrl-C, a polite `kill`, a terminal that was closed."""

import os
import signal
from types import FrameType
from typing import NoReturn

_ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """A signal, `number`, asked the program to stop."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped")
        self.number = number


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the exit code of a program that a signal stopped, as shells count: 130 after Ctrl-C."""
    return 128 + int(getattr(error, "number", signal.SIGINT))


def listen() -> None:
    """Have each of the signals raise `Stopped`, except those that are ignored, as `nohup` sets them."""
    for number in _ASKING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def heard() -> list[int]:
    """Return the signals that raise an exception: Ctrl-C anywhere, the others after `listen`."""
    return [signal.SIGINT, *(number for number in _ASKING[1:] if signal.getsignal(number) is _stop)]


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    if _importing(frame):
        # An exception inside an import is swallowed or renamed by some packages, and leaves others half made.
        os.write(2, b"elman: stopped\n")
        os._exit(128 + number)
    raise Stopped(number)


def _importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
