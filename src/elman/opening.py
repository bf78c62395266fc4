"""Open the files that a user names: regular files alone, as bytes or as lines of UTF-8 text of bounded length.

A pipe or a device is refused at once. It may be read only once, it may never end, and opening a named pipe waits for
its writer; every reader of this package may read a file twice, so that a copy on disk is asked for instead.
"""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from elman.errors import DataError
from elman.limits import LONGEST_LINE
from elman.quoting import shown

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, and refuse it if it changes before the block ends.

    Raises:
        DataError: the path names no file, or a directory, a pipe or a device; or the file cannot be read, or has
            changed.
    """
    name = shown(path)
    try:
        with _regular(path, name) as file:
            before = _state(file)
            yield file
            if _state(file) != before:
                raise DataError(f"{name}: the file changed while it was read: start again once it is complete")
    except FileNotFoundError as error:
        raise DataError(f"{name}: no such file: check the path") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"{name}: cannot be read ({reason}): give a readable file") from error


def lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield `(number, line)` for each line of a UTF-8 file, counted from 1, with its end: "\n", "\r\n" or "\r".

    A byte order mark is no part of the first line.

    Raises:
        DataError: as `opened` does; or the file is not UTF-8, holds a NUL character, or a line is too long.
    """
    name, number = shown(path), 0
    with opened(path) as file:
        if file.read(2) in _UTF_16:
            raise DataError(f"{name}: expected UTF-8, got UTF-16: save the file as UTF-8")
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            while line := text.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise DataError(f"{name}: line {number}: expected at most {LONGEST_LINE:,} characters: split it")
                if "\0" in line:
                    raise DataError(f"{name}: line {number}: expected text, got a NUL character: save it as UTF-8")
                yield number, line
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise DataError(
                f"{name}: not UTF-8 (byte 0x{byte:02x} after line {number}): convert the file to UTF-8"
            ) from error
        text.detach()


def _regular(path: Path, name: str) -> BinaryIO:
    """Open a file without waiting for a pipe's writer."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a NUL character, or one that the file system cannot encode
        raise DataError(f"{name}: not a file name: check the path") from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise DataError(f"{name}: cannot be read: expected a file, got {_kind(mode)}: give the path of a file on disk")
    return os.fdopen(handle, "rb")


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns
