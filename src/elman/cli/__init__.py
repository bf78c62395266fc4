"""The command line: `elman`.

Little is imported here, so that Ctrl-C is heard from the first moment on. Nothing here or in the commands' modules
imports torch before a command needs it, so that help is there at once.
"""

import gc
import signal
import sys
from typing import NoReturn

from elman.signals import listen


def run() -> NoReturn:
    """Run the words of the command line in a process of their own, as `elman` and `python -m elman` do.

    The collector of cycles walks over all that is imported while a command starts, and once more as Python ends: a
    quarter of the 0.4 s of `elman explain love-book`. So it comes more rarely, and leaves the end alone.
    """
    listen()
    gc.set_threshold(5000)
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while Python ends, an exception would be a traceback
    gc.freeze()
    sys.exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Run a command, the words after `elman`, and return its exit code; see `elman.cli.boundary`."""
    from elman.cli import boundary

    return boundary.main(arguments)
