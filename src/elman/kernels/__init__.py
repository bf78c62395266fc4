"""Open the compiled kernels by path, choose their instruction set and call them.

This module does not import torch. A call is one flat record of 8-byte fields, `elman_call` in `elman.h`;
`ops/passes.py` gives their values in the order of `FIELDS`. `stream.py` declares the functions of streams.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from elman.errors import InputError

FIELDS: Final = (
    *("cell", "backward", "reverse", "threads", "T", "B", "I", "H", "N", "batch_sizes", "x", "x_step", "x_row"),
    *("h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    *("y", "h_n", "c_n", "gates", "cells", "segment", "checkpoints"),
    *("grad_y", "grad_h_n", "grad_c_n", "grad_y_step", "grad_y_row", "grad_x", "grad_h_0", "grad_c_0"),
    *("grad_weight_ih", "grad_weight_hh", "grad_bias_ih", "grad_bias_hh", "grad_h", "grad_c", "grad_gates"),
)
"""The names of the fields of `elman_call`, in its order."""

_FIELD = struct.Struct("q")
_CHAIN = struct.Struct("12qd")
_SUFFIX = "dylib" if sys.platform == "darwin" else "so"
_PATH = Path(__file__).parent / f"libelman_kernels.{_SUFFIX}"


class _Library:
    """The functions of `elman.h`."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        library.elman_instruction_set.restype = ctypes.c_char_p
        library.elman_instruction_sets.restype = ctypes.c_char_p
        sizes = {"elman_call_size": len(FIELDS) * _FIELD.size, "elman_chain_call_size": _CHAIN.size}
        if any(not hasattr(library, name) or getattr(library, name)() != size for name, size in sizes.items()):
            raise OSError(f"{path} was built from another version of Elman; install Elman again")
        library.elman_run.argtypes = library.elman_chain.argtypes = [ctypes.c_char_p]
        for cell_size in (library.elman_cell_gates, library.elman_cell_saved):
            cell_size.argtypes, cell_size.restype = [ctypes.c_int64], ctypes.c_int64
        library.elman_use_openmp.argtypes = [ctypes.c_void_p] * 4
        library.elman_use_openmp.restype = None
        self.functions = library
        self.run = library.elman_run
        self.run_chain = library.elman_chain
        self.cell_gates = library.elman_cell_gates
        self.cell_saved = library.elman_cell_saved
        self.use_openmp = library.elman_use_openmp
        self.use_instruction_set = library.elman_use_instruction_set
        self._instruction_set = library.elman_instruction_set
        self._instruction_sets = library.elman_instruction_sets

    def instruction_set(self) -> str:
        return str(self._instruction_set().decode())

    def instruction_sets(self) -> list[str]:
        return str(self._instruction_sets().decode()).split(",")


@cache
def _library() -> _Library | None:
    if not _PATH.exists():
        return None
    library = _Library(_PATH)
    wanted = os.environ.get("ELMAN_INSTRUCTION_SET")
    if wanted:
        _use(library, wanted, "the environment variable ELMAN_INSTRUCTION_SET")
    return library


def _loaded() -> _Library:
    library = _library()
    if library is None:
        raise InputError(why_not())
    return library


def _use(library: _Library, name: str, where: str) -> None:
    if library.use_instruction_set(name.encode()) != 0:
        known = ", ".join(library.instruction_sets())
        raise InputError(f"{where}: this machine has no instruction set {name!r}; choose one of {known}")


def available() -> bool:
    """Return whether this installation has compiled kernels."""
    return _library() is not None


def why_not() -> str:
    """Say why there are no kernels, in a sentence; empty when there are."""
    return (
        ""
        if available()
        else "this installation has no compiled kernels; it was built with ELMAN_PURE_PYTHON, or not built"
    )


def functions() -> ctypes.CDLL:
    """Return the opened library, for the functions that `stream.py` declares.

    Raises:
        InputError: This installation has no kernels.
    """
    return _loaded().functions


def instruction_set() -> str:
    """Return the instruction set in use: 'avx512', 'avx2' or 'portable'.

    Raises:
        InputError: This installation has no kernels, or this machine has not the set that ELMAN_INSTRUCTION_SET names.
    """
    return _loaded().instruction_set()


def instruction_sets() -> list[str]:
    """Return the instruction sets that this machine runs, best first.

    Raises:
        InputError: This installation has no kernels.
    """
    return _loaded().instruction_sets()


def use_instruction_set(name: str) -> None:
    """Use one instruction set from now on, in the whole process.

    Raises:
        InputError: This machine, or this build, has no such set, or this installation has no kernels.
    """
    _use(_loaded(), name, "use_instruction_set")


_OPENMP = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads", "omp_in_parallel")


def use_openmp(path: str) -> bool:
    """Run calls on the threads of the OpenMP library that the library at `path` uses, from now on.

    Two thread pools would compete, because the threads of OpenMP spin for a while after each operation. Return False
    where that library uses no OpenMP, or there are no kernels; the kernels then use threads of their own.
    """
    library = _library()
    try:
        openmp = ctypes.CDLL(path)  # already loaded; its names include those of the libraries it is linked to
        functions = [ctypes.cast(getattr(openmp, name), ctypes.c_void_p) for name in _OPENMP]
    except (OSError, AttributeError):
        return False
    if library is not None:
        library.use_openmp(*functions)
    return library is not None


def check_cell(name: str, number: int, gates: int, saved: int) -> None:
    """Check that the library computes a cell with these sizes.

    Args:
        name: The name for the message.
        number: The number in `elman_cell`.
        gates: The row blocks of the weights.
        saved: The vectors of H that the forward pass saves for each row of each step.

    Raises:
        InputError: This installation has no kernels.
        OSError: The library has other sizes, or no such cell.
    """
    library = _loaded()
    got = library.cell_gates(number), library.cell_saved(number)
    if got != (gates, saved):
        theirs = "no such cell" if -1 in got else "{} and {}".format(*got)
        raise OSError(
            f"{_PATH}: expected cell {number} ({name}) to have {gates} gates and {saved} saved vectors, got {theirs}; "
            "the library was built from another version of Elman. Install Elman again"
        )


@cache
def _packer(count: int) -> tuple[Callable[..., bytes], bytes]:
    """Return what packs the first `count` fields of a record, and the zeros that follow."""
    if count > len(FIELDS):
        raise TypeError(f"kernels.run: expected at most {len(FIELDS)} fields, {', '.join(FIELDS)}; got {count}")
    return struct.Struct(f"{count}q").pack, bytes((len(FIELDS) - count) * _FIELD.size)


def run(fields: Sequence[int]) -> None:
    """Run one call.

    Args:
        fields: The first fields of `elman_call`, in the order of `FIELDS`; pointers are addresses. Those left out are
            0, which is an absent tensor.

    Raises:
        MemoryError: There is no memory for the scratch space.
        RuntimeError: `batch_sizes` is not that of a packed batch, or the library has no such cell.
        TypeError: There are too many.
    """
    pack, zeros = _packer(len(fields))
    failed = (_library() or _loaded()).run(pack(*fields) + zeros)
    if failed == 1:
        raise MemoryError("the kernels found no memory for their scratch space")
    if failed == 2:
        raise RuntimeError(
            f"elman: expected batch_sizes to begin with B = {fields[5]}, never to grow, to stay above 0, and to sum "
            f"to the N = {fields[8]} rows of x. Make a packed batch with torch.nn.utils.rnn.pack_padded_sequence"
        )
    if failed:
        raise RuntimeError(
            f"elman: expected the number of a cell, one of elman_cell in kernels/elman.h, got {fields[0]}"
        )


def run_chain(fields: Sequence[int], least: float) -> None:
    """Run the forward-backward algorithm for a linear chain.

    Args:
        fields: The fields of `elman_chain_call` in its order, but the last; pointers are addresses.
        least: The last field, the least divisor of a row.

    Raises:
        InputError: This installation has no kernels.
        MemoryError: There is no memory for the scratch space.
        RuntimeError: `batch_sizes` is not that of a packed batch of N rows.
    """
    failed = (_library() or _loaded()).run_chain(_CHAIN.pack(*fields, least))
    if failed == 1:
        raise MemoryError("the kernels found no memory for their scratch space")
    if failed:
        raise RuntimeError(
            f"elman: expected batch_sizes never to grow, to stay above 0, and to sum to {fields[1]} rows. "
            "Make a packed batch with torch.nn.utils.rnn.pack_padded_sequence"
        )
