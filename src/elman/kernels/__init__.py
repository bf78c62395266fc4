"""The compiled kernels, opened by path: whether they are there, which instruction set they use, and how to call them.

Nothing here knows of torch. A call is one flat record of 8-byte fields, `elman_call` in `elman.h`; the ops fill it in.
"""

import ctypes
import os
import struct
import sys
from functools import cache
from pathlib import Path

from elman.errors import InputError

FIELDS = (
    *("cell", "backward", "reverse", "threads", "T", "B", "I", "H", "N", "batch_sizes"),
    *("x", "x_step", "x_row", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    *("y", "h_n", "c_n", "gates", "cells", "segment", "checkpoints"),
    *("grad_y", "grad_h_n", "grad_c_n", "grad_y_step", "grad_y_row", "grad_x", "grad_h_0", "grad_c_0"),
    *("grad_weight_ih", "grad_weight_hh", "grad_bias_ih", "grad_bias_hh", "grad_h", "grad_c", "grad_gates"),
)
_RECORD = struct.Struct(f"{len(FIELDS)}q")
_SUFFIX = "dylib" if sys.platform == "darwin" else "so"
_PATH = Path(__file__).parent / f"libelman_kernels.{_SUFFIX}"


class _Library:
    """The functions of `elman.h`."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(str(path))
        library.elman_call_size.restype = ctypes.c_int64
        library.elman_instruction_set.restype = ctypes.c_char_p
        library.elman_instruction_sets.restype = ctypes.c_char_p
        library.elman_run.argtypes = [ctypes.c_char_p]
        if library.elman_call_size() != _RECORD.size:
            raise OSError(f"{path} was built from another version of Elman; install Elman again")
        library.elman_use_openmp.argtypes = [ctypes.c_void_p] * 4
        library.elman_use_openmp.restype = None
        self.run = library.elman_run
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
    """Whether this installation has compiled kernels."""
    return _library() is not None


def why_not() -> str:
    """Why there are no kernels, in a sentence; empty when there are."""
    return (
        ""
        if available()
        else "this installation has no compiled kernels; it was built with ELMAN_PURE_PYTHON, or not built"
    )


def instruction_set() -> str:
    """The instruction set in use: 'avx512', 'avx2' or 'portable'.

    Raises:
        InputError: this installation has no kernels, or ELMAN_INSTRUCTION_SET names a set that this machine has not.
    """
    return _loaded().instruction_set()


def instruction_sets() -> list[str]:
    """The instruction sets this machine runs, best first.

    Raises:
        InputError: this installation has no kernels.
    """
    return _loaded().instruction_sets()


def use_instruction_set(name: str) -> None:
    """Use one instruction set from now on, in the whole process.

    Raises:
        InputError: this machine, or this build, has no such set, or this installation has no kernels.
    """
    _use(_loaded(), name, "use_instruction_set")


_OPENMP = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads", "omp_in_parallel")


def use_openmp(path: str) -> bool:
    """Share calls among the threads of the OpenMP library that the library at `path` runs on, from now on.

    Two pools of threads would fight: OpenMP's spin on their cores for a while after each operation. False where that
    library runs on no OpenMP, or there are no kernels; then the kernels keep to threads of their own.
    """
    library = _library()
    try:
        openmp = ctypes.CDLL(path)  # the library is there already; its names include those it is linked to
        functions = [ctypes.cast(getattr(openmp, name), ctypes.c_void_p) for name in _OPENMP]
    except (OSError, AttributeError):
        return False
    if library is not None:
        library.use_openmp(*functions)
    return library is not None


def run(*fields: int) -> None:
    """Run one call: the values of `FIELDS` in their order, addresses as integers, 0 where a pointer is absent.

    Raises:
        MemoryError: there is no memory for the scratch.
        RuntimeError: batch_sizes is not that of a packed batch.
    """
    failed = _loaded().run(_RECORD.pack(*fields))
    if failed == 1:
        raise MemoryError("the kernels found no memory for their scratch")
    if failed:
        rows, batch = (fields[FIELDS.index(name)] for name in ("N", "B"))
        raise RuntimeError(
            f"elman: expected batch_sizes to begin with B = {batch}, never to grow, to stay above 0, and to sum to the "
            f"N = {rows} rows of x. Make a packed batch with torch.nn.utils.rnn.pack_padded_sequence"
        )
