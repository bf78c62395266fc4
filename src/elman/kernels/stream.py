"""Declare the functions of `stream.h`: make a stream, take steps, and read and write its state.

This module knows neither torch nor NumPy. A layer is one flat record of 8-byte fields, `Layer` here and `elman_layer`
in `stream.h`. A stream is an address, which the caller frees exactly once.
"""

import ctypes
import struct
from collections.abc import Sequence
from functools import cache
from typing import Final, Required, TypedDict

from elman import kernels

PRECISIONS: Final = {"float32": 0, "bfloat16": 1, "int8": 2}
"""The numbers of `elman_precision`."""
KINDS: Final = {
    "embedding": 0,
    "recurrent": 1,
    "linear": 2,
    "layer_norm": 3,
    "tanh": 4,
    "relu": 5,
    "sigmoid": 6,
    "softmax": 7,
}
"""The numbers of `elman_layer_kind`."""
NO_MEMORY: Final = 1
BAD_SYMBOL: Final = 2
"""Values of `elman_stream_status`."""


class Layer(TypedDict, total=False):
    """The record of one layer, `elman_layer` in `stream.h`: names and order are the same.

    Pointers are addresses; what is left out is 0, which is an absent array.
    """

    kind: Required[int]
    cell: int
    I: int  # noqa: E741
    H: int
    O: int  # noqa: E741
    weight_ih: int
    weight_hh: int
    bias_ih: int
    bias_hh: int
    weight_hr: int
    eps: float


_ZEROS = dict.fromkeys(Layer.__annotations__, 0)
_RECORD = struct.Struct(f"{len(_ZEROS) - 1}qd")


_SAMPLING = struct.Struct("dqd")


def sampling(temperature: float, top_k: int, top_p: float) -> bytes:
    """Return the record `elman_sampling` of `stream.h`; a `top_k` of 0 and a `top_p` of 1 leave all symbols."""
    return _SAMPLING.pack(temperature, top_k, top_p)


class Functions:
    """The functions of `stream.h`, each with its types; a stream is passed as `ctypes.c_void_p`.

    Attributes:
        step: Takes one step from the stream's own input to its own output; returns an `elman_stream_status`.
        run: Takes a stream, the addresses of x and y, and T; returns an `elman_stream_status`.
        reset: Takes a stream, the address of the rows, or None for all, and their number.
        state_size: Returns the number of floats of a stream's state.
        get_state, set_state: Take a stream and the address of a state.
        input, output: Return the address of a stream's own input or output.
        write: Takes a stream, `sampling(...)`, the addresses of uniform numbers and of the symbols to write, and T.
        choose: Takes the address of scores, V, `sampling(...)`, a uniform number, and the address of V * 12 bytes.
        free: Frees a stream.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        if not hasattr(library, "elman_layer_size") or library.elman_layer_size() != _RECORD.size:
            raise OSError(f"{library._name} was built from another version of Elman; install Elman again")
        library.elman_stream_instruction_set.argtypes = [number]
        library.elman_stream_instruction_set.restype = ctypes.c_char_p
        library.elman_stream_new.argtypes = [ctypes.c_char_p, *[number] * 4, ctypes.POINTER(number)]
        library.elman_stream_new.restype = pointer
        library.elman_stream_run.argtypes = [pointer, pointer, pointer, number]
        library.elman_stream_step.argtypes = [pointer]
        library.elman_stream_state_size.argtypes = [pointer]
        library.elman_stream_state_size.restype = number
        for address in (library.elman_stream_input, library.elman_stream_output):
            address.argtypes, address.restype = [pointer], pointer
        library.elman_stream_reset.argtypes = [pointer, pointer, number]
        library.elman_stream_get_state.argtypes = [pointer, pointer]
        library.elman_stream_set_state.argtypes = [pointer, pointer]
        library.elman_stream_write.argtypes = [pointer, ctypes.c_char_p, pointer, number, pointer]
        library.elman_choose.argtypes = [pointer, number, ctypes.c_char_p, ctypes.c_double, pointer]
        library.elman_choose.restype = number
        library.elman_stream_free.argtypes = [pointer]
        for change in ("reset", "get_state", "set_state", "free"):
            getattr(library, f"elman_stream_{change}").restype = None
        self.step = library.elman_stream_step
        self.run = library.elman_stream_run
        self.reset = library.elman_stream_reset
        self.state_size = library.elman_stream_state_size
        self.get_state = library.elman_stream_get_state
        self.set_state = library.elman_stream_set_state
        self.input = library.elman_stream_input
        self.output = library.elman_stream_output
        self.write = library.elman_stream_write
        self.choose = library.elman_choose
        self.free = library.elman_stream_free
        self._instruction_set = library.elman_stream_instruction_set
        self._new = library.elman_stream_new

    def instruction_set(self, precision: str) -> str:
        """Return the instruction set of a stream that is made now; empty where it has no products of this precision."""
        return str(self._instruction_set(PRECISIONS[precision]).decode())

    def new(self, layers: Sequence[Layer], batch: int, precision: str, threads: int) -> ctypes.c_void_p:
        """Make a stream with states of zero.

        Raises:
            MemoryError: There is no memory for its weights and states.
            RuntimeError: The library has no such layer, or the sizes of the layers do not fit.
        """
        records = b"".join(_RECORD.pack(*(_ZEROS | layer).values()) for layer in layers)
        status = ctypes.c_int64()
        made = self._new(records, len(layers), batch, PRECISIONS[precision], threads, ctypes.byref(status))
        if made:
            return ctypes.c_void_p(made)
        if status.value == NO_MEMORY:
            raise MemoryError("elman.Stream: there is no memory for the weights and states. Use a smaller batch")
        raise RuntimeError(
            f"elman.Stream: expected layers and a precision that the kernels have, got status {status.value}; "
            "the library was built from another version of Elman. Install Elman again"
        )


@cache
def functions() -> Functions:
    """Return the functions of streams.

    Raises:
        InputError: This installation has no kernels.
        OSError: The library was built from another version.
    """
    return Functions(kernels.functions())
