"""NumPy archives (.npz), read without trusting them: sizes are checked before memory is taken, nothing is unpickled.

An array's own description is believed by `numpy.load`, which takes as much memory as it names. Here it is read first,
and has to agree with the archive's directory, with the limits, and with the bytes that follow.
"""

import io
import math
import stat
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.limits import ARCHIVE_BYTES, ARCHIVE_FREE_BYTES, ARCHIVE_RATIO, ARRAY_HEADER_BYTES
from elman.quoting import listed, quote, said

_ENDING = ".npy"
_KINDS = "biufUS"
"""Booleans, whole numbers, fractions, texts and bytes; no objects, dates, complex numbers or structures."""
_LAST_CHARACTER = 0x10FFFF


class Layout(NamedTuple):
    """The description of an array, and how many bytes come before its values."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    before: int

    @property
    def bytes(self) -> int:
        """Return the size of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in a .npz file.

    Raises:
        DataError: the file is missing or broken.
    """
    with _opened(path) as archive:
        return list(_members(archive))


def read_arrays(path: Path, names: Iterable[str]) -> list[npt.NDArray[Any]]:
    """Return arrays of a .npz file by name, in the machine's byte order.

    Raises:
        DataError: the file is missing, broken or beyond the limits, or an array is not there or is no plain array.
    """
    with _opened(path) as archive:
        members = _members(archive)
        for name in names:
            if name not in members:
                raise DataError(f"{path}: no array {quote(name)}: name one of {listed(members)}")
        return [_read(path, archive, name, members[name]) for name in names]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path}: not a file: give a .npz file")
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file: check the path") from error
    except DataError:
        raise
    # zipfile hands on whatever its decompressors raise (zlib.error, LZMAError, ...), and adds errors of its own for
    # broken directories, passwords, and versions and methods that it does not know: no common family, a dozen types.
    except Exception as error:
        raise DataError(f"{path}: not a .npz file of plain arrays ({said(error)}): check the file") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found = archive.infolist()
    return {info.filename.removesuffix(_ENDING): info for info in found if info.filename.endswith(_ENDING)}


def _read(path: Path, archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    where = f"{path}: array {quote(name)}"
    with archive.open(info) as member:
        layout = _layout(where, member)
        _check(where, layout, info, path.stat().st_size)
        values = bytearray(layout.bytes)
        # One byte more than there should be: zipfile compares the checksum only where the end is read.
        if _fill(member, values) < len(values) or member.read(1):
            raise DataError(f"{where}: expected {len(values):,} bytes, got fewer or more: the file was cut short")
    _check_characters(where, values, layout.dtype)
    array = np.ndarray(layout.shape, layout.dtype, values, order="F" if layout.fortran else "C")
    return array.astype(layout.dtype.newbyteorder("="), copy=False)


def _check_characters(where: str, values: bytearray, dtype: np.dtype[Any]) -> None:
    """Check that texts hold characters: NumPy takes any number for one, and fails where it becomes a Python text."""
    if dtype.kind != "U":
        return
    found = np.frombuffer(values, dtype.str[0] + "u4")
    if ((found > _LAST_CHARACTER) | (found >> 11 == 0xD800 >> 11)).any():  # or half of a surrogate pair
        raise DataError(f"{where}: expected texts, got numbers that are no characters: write it again")


def _fill(member: Any, values: bytearray) -> int:
    """Read until `values` is full or the member ends, and return how many bytes were read."""
    view, at = memoryview(values), 0
    while at < len(values) and (got := member.readinto(view[at : at + 2**20])):
        at += got
    return at


def _layout(where: str, member: Any) -> Layout:
    """Read the description of an array, and of no more than its limit."""
    start = member.read(8)
    wide = 2 if start[6:7] == b"\x01" else 4
    size = member.read(wide)
    length = int.from_bytes(size, "little")
    if start[:6] != b"\x93NUMPY" or length > ARRAY_HEADER_BYTES:
        raise DataError(f"{where}: expected an array as numpy.save writes it, got something else: check the file")
    header = io.BytesIO(size + member.read(length))
    read = np.lib.format.read_array_header_1_0 if wide == 2 else np.lib.format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers that Python 2 wrote, which are read all the same
            shape, fortran, dtype = read(header, max_header_size=ARRAY_HEADER_BYTES)
    # NumPy parses the description as Python: its tokenizer, compiler and dtypes raise what they like.
    except Exception as error:
        raise DataError(f"{where}: its description cannot be read: write it again with numpy.savez") from error
    return Layout(shape, fortran, dtype, 8 + wide + length)


def _check(where: str, layout: Layout, info: zipfile.ZipInfo, file_bytes: int) -> None:
    """Check that an array is plain, as large as its description says, and within the limits.

    Raises:
        DataError: it is not.
    """
    dtype = layout.dtype
    if dtype.kind not in _KINDS or dtype.hasobject or (dtype.kind == "f" and dtype.itemsize > 8):
        raise DataError(
            f"{where}: expected numbers or texts, got {quote(str(dtype))}: convert it; nothing is unpickled"
        )
    if any(type(size) is not int or size < 0 for size in layout.shape) or len(layout.shape) > 8:
        raise DataError(f"{where}: its description has the shape {quote(layout.shape)}: write it again")
    if layout.bytes > ARCHIVE_BYTES:
        raise DataError(f"{where}: {_size(layout)} are more than the limit of {ARCHIVE_BYTES:,} bytes: give fewer")
    if layout.before + layout.bytes != info.file_size:
        raise DataError(
            f"{where}: {_size(layout)} are not the {info.file_size - layout.before:,} bytes that the file has: "
            "it was altered or cut short: write it again"
        )
    if layout.bytes > ARCHIVE_FREE_BYTES and layout.bytes > ARCHIVE_RATIO * file_bytes:
        raise DataError(
            f"{where}: {_size(layout)} unpacked from a file of {file_bytes:,}: more than the limit of "
            f"{ARCHIVE_RATIO} times: save it with numpy.savez, not compressed"
        )


def _size(layout: Layout) -> str:
    size = f"{layout.bytes:,} bytes" if layout.bytes < 2**63 else "over 2 ** 63 bytes"
    return f"{size}, shape {quote(layout.shape)},"
