"""Turn every error of a command into one line and an exit code; no other module does."""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from elman import launch
from elman.cli.terminal import OutputError, StoppedError, guarded_streams
from elman.errors import ElmanError, is_out_of_memory
from elman.extras import advice
from elman.files import reason
from elman.quoting import printable, shorten, shown
from elman.signals import exit_code

INTERNAL = 70  # EX_SOFTWARE of sysexits.h
BROKEN_PIPE = 141  # as shells count a program that SIGPIPE ended


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 is done, 1 something to put right, 2 wrong usage, 70 a fault of Elman's, 130 stopped by Ctrl-C (128 and the
    number of any other signal), 141 a reader that has gone.

    Args:
        arguments: the words after `elman`; those of the command line by default. `--debug` may be anywhere before a
            bare `--`, and shows the traceback of an error.
    """
    words, debug = _take_debug(sys.argv[1:] if arguments is None else arguments)
    try:
        with guarded_streams(), _silent_but_first(), _warnings_as_lines():
            return _run(words)
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            _print_error(printable(traceback.format_exc(), "\n"))
        message, code = _told(error, words)
        if message and not _said_elsewhere(error):
            _print_error(f"elman: {printable(' '.join(message.splitlines()))}\n")
        _tell_other_ranks()
        return code


@contextmanager
def _silent_but_first() -> Iterator[None]:
    """Have only the first rank of a `torchrun` print: all of them get the same words."""
    if launch.rank() == launch.FIRST:
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print our warnings, which are for users, as one line each, and all others as Python does."""
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if category is UserWarning:
            _print_error(f"elman: {printable(str(message))}\n")
        else:
            before(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def _said_elsewhere(error: BaseException) -> bool:
    """Say whether the first rank says what ended all of them; what ended another one alone that one has to say."""
    if launch.rank() == launch.FIRST:
        return False
    if getattr(error, "everywhere", False):
        return True
    from elman.train.ranks import first_has_failed

    return first_has_failed()


def _tell_other_ranks() -> None:
    if launch.ranks() > 1 and launch.rank() == launch.FIRST:
        from elman.train.ranks import tell_failure

        tell_failure()


def _run(words: list[str]) -> int:
    # Looking for plugins of pydantic reads the metadata of every installed package: a tenth of a whole start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from elman.cli.app import app

    try:
        app(words, prog_name="elman")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _take_debug(words: list[str]) -> tuple[list[str], bool]:
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return kept + words[end:], len(kept) < end


def _told(error: BaseException, words: list[str]) -> tuple[str, int]:
    """Return the line and the exit code for what ended a command; "" says nothing."""
    match error:
        case StoppedError():
            told = str(error), error.code
        case KeyboardInterrupt():
            told = "stopped", exit_code(error)
        case OutputError():
            told = ("", BROKEN_PIPE) if error.left else (str(error), 1)
        case ImportError() if line := advice(_command(words), error):
            told = line, 1
        case ElmanError():
            told = str(error), 1
        case _:
            told = _unexpected(error)
    return told


def _command(words: list[str]) -> str:
    """Return the command's name as the user would say it: `elman train`."""
    return " ".join(["elman", *[word for word in words if not word.startswith("-")][:1]])


def _unexpected(error: BaseException) -> tuple[str, int]:
    """Say in one line what nobody foresaw: the machine's limits, which a user can mend, or a fault of Elman's."""
    text = str(error)
    if is_out_of_memory(error):
        return "out of memory: make the network, the batch or the data smaller", 1
    if isinstance(error, OSError):
        where = f"{shown(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
        return f"{where}{reason(error)}: check the path, the permissions and the room on the disk", 1
    what = type(error).__name__ + (f": {shorten(text, 200)}" if text else "")
    return f"internal error ({what}): please report it, with what --debug shows", INTERNAL


def _print_error(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # standard error may be full or closed, or None
        sys.stderr.write(text)
        sys.stderr.flush()
