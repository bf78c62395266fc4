"""Define `elman.Stream`: a network on the kernels that takes one step at a time."""

import ctypes
import threading
import weakref
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt
from torch import nn

from elman import kernels
from elman.errors import InputError
from elman.kernels import stream as c
from elman.limits import STREAM_ROWS
from elman.ops.dispatch import Backend
from elman.quoting import listed, quote
from elman.streams import values
from elman.streams.part import Part, digest
from elman.streams.plan import plan
from elman.streams.sampling import Sampling
from elman.streams.state import Owner, StreamState, checked
from elman.streams.values import Values

_ARRAY: Final = np.ndarray
_FLOAT32: Final = np.dtype(np.float32)
_NEEDS: Final = {"bfloat16": "bfloat16", "int8": "8-bit integers"}


class Stream:
    """Run a network one step at a time, in microseconds; it keeps the state of each row between the calls.

    The weights are copied and packed when the stream is made: later changes of the model are not seen. The network is
    that of evaluation, without dropout and without gradients, and its hooks are not called. A stream may be used by
    several threads, one call after the other; streams in several threads run at the same time.

    Args:
        model: A recurrent layer or cell of Elman or torch.nn, in one direction; a `torch.nn.Sequential` of those with
            Embedding (first), LayerNorm, Linear, Dropout, Tanh, ReLU, Sigmoid and Softmax(dim=-1), where each part is
            given the output of the one before it; or a network with a method `stream_layers()` that returns such parts.
            An estimator has a method `stream()`.
        batch: B, the number of rows, each in its own place of its own sequence, from 1 to 1,000,000. The results of a
            row have the same bits whatever the others do and however many there are.
        precision: The numbers in the products: "float32"; "bfloat16", with 8 bits of precision; "int8", integers with a
            scale for each row of weights and for each input at each step. States, sums and gates are float32. Where the
            processor has no such products, the stream runs in float32, and `backend.reason` says so.
        threads: The most threads that share the rows of a step, from 1 on; one row is never divided.

    Attributes:
        batch: B.
        precision: That the stream runs in.
        backend: "stream:" and the instruction set, with `.reason`.
        input_size: I, the width of the input, or the number of symbols of a network that begins with an embedding.
        output_size: O, the width of the output.

    Raises:
        InputError: The model cannot take one step at a time, an argument is out of range, or this installation has no
            compiled kernels.
        MemoryError: There is no memory for the weights and states.

    Example:
        >>> model = torch.nn.Sequential(elman.GRU(3, 16), torch.nn.Linear(16, 1))
        >>> stream = elman.Stream(model)
        >>> for reading in torch.randn(4, 1, 3):
        ...     y = stream.step(reading)
        >>> y.shape
        torch.Size([1, 1])
        >>> stream.run(torch.randn(100, 1, 3)).shape
        torch.Size([100, 1, 1])
    """

    __slots__ = (
        "__weakref__",
        "_backend",
        "_dtype",
        "_functions",
        "_handle",
        "_input",
        "_lock",
        "_output",
        "_owner",
        "_shape",
        "_sizes",
        "_step",
    )

    def __init__(self, model: nn.Module, batch: int = 1, precision: str = "float32", threads: int = 1) -> None:
        _check("batch", batch, STREAM_ROWS)
        _check("threads", threads, STREAM_ROWS)
        if not isinstance(precision, str) or precision not in c.PRECISIONS:
            raise InputError(f"elman.Stream: expected precision to be {listed(c.PRECISIONS)}, got {quote(precision)}")
        if not kernels.available():
            raise InputError(f"elman.Stream runs on the compiled kernels: {kernels.why_not()}. Call the model instead")
        parts = plan(model)
        self._functions = c.functions()
        self._backend, precision = self._choose(precision)
        self._handle = self._functions.new([part.record() for part in parts], batch, precision, threads)
        # Not as Python ends: another thread may be in a step.
        weakref.finalize(self, self._functions.free, self._handle).atexit = False
        self._owner = Owner(tuple(part.sizes for part in parts), digest(parts), precision, batch)
        self._step = self._functions.step
        self._lock = threading.Lock()
        self._make_views(parts)

    def _choose(self, precision: str) -> tuple[Backend, str]:
        """Return the backend, and the precision that it has."""
        found = self._functions.instruction_set(precision)
        if found:
            return Backend(f"stream:{found}", f"{found} has the products of {precision}"), precision
        found = self._functions.instruction_set("float32")
        reason = (
            f"{precision} needs products of {_NEEDS[precision]}, which the instruction set in use, "
            f"{kernels.instruction_set()}, does not have here; the stream runs in float32"
        )
        return Backend(f"stream:{found}", reason), "float32"

    def _make_views(self, parts: list[Part]) -> None:
        """Make arrays of the stream's own input and output. They never leave the stream, which owns their memory."""
        first, last, batch = parts[0], parts[-1], self._owner.batch
        symbols = first.kind == "embedding"
        self._shape = (batch,) if symbols else (batch, first.inputs or 0)
        number = ctypes.c_int64 if symbols else ctypes.c_float
        self._input = _view(self._functions.input(self._handle), number, self._shape)
        self._output = _view(self._functions.output(self._handle), ctypes.c_float, (batch, last.outputs or 0))
        self._dtype = np.dtype(np.int64 if symbols else np.float32)
        self._sizes = (first.inputs or 0, last.outputs or 0)

    @property
    def batch(self) -> int:
        """Return B, the number of rows."""
        return self._owner.batch

    @property
    def precision(self) -> str:
        """Return the precision that the stream runs in."""
        return self._owner.precision

    @property
    def backend(self) -> Backend:
        """Return "stream:" and the instruction set, with the reason (`.reason`)."""
        return self._backend

    @property
    def input_size(self) -> int:
        """Return I, the width of the input, or the number of symbols."""
        return self._sizes[0]

    @property
    def output_size(self) -> int:
        """Return O, the width of the output."""
        return self._sizes[1]

    def step(self, x: Values, out: Values | None = None) -> Values:
        """Take one step.

        Args:
            x: (B, I), floating numbers; or (B,), whole numbers of symbols, where the network begins with an embedding.
                A NumPy array or a tensor on the CPU; converted to float32 or int64. Tensors cost a few
                microseconds more, which torch takes to show their memory.
            out: (B, O), float32, is written to; None makes a new one.

        Returns:
            (B, O), float32: `out`, or a new array, or a tensor if `x` is one.

        Raises:
            InputError: `x` or `out` has another shape or type, or a symbol is out of range. The state is not changed.
        """
        # The usual case, without a call of Python: 1 microsecond besides the step.
        if (
            type(x) is _ARRAY
            and x.dtype is self._dtype
            and x.shape == self._shape
            and (out is None or (type(out) is _ARRAY and self._fits(out)))
        ):
            with self._lock:
                self._input[...] = x
                if not self._step(self._handle):
                    if out is None:
                        return self._output.copy()  # type: ignore[no-any-return]
                    out[...] = self._output
                    return out
            raise values.bad_symbol(x, self.input_size, "Stream.step")
        return self._checked_step(x, out)  # type: ignore[no-any-return]

    def _fits(self, out: npt.NDArray[Any]) -> bool:
        return out.dtype is _FLOAT32 and out.shape == self._output.shape and out.flags.writeable

    def _checked_step(self, x: Any, out: Any) -> Any:
        numbers = values.given(x, self._shape, self._reads_symbols, "Stream.step")
        into = None if out is None else values.target(out, self._output.shape, "Stream.step")
        with self._lock:
            self._input[...] = numbers
            if self._step(self._handle):
                raise values.bad_symbol(numbers, self.input_size, "Stream.step")
            if into is None:
                return values.like(x, self._output.copy())
            into[...] = self._output
        values.written(out)
        return out

    def run(self, block: Values, out: Values | None = None) -> Values:
        """Take T steps in one call; the results have the same bits as those of T calls of `step`.

        Args:
            block: (T, B, I), or (T, B) symbols; T may be 0.
            out: (T, B, O), float32, is written to; None makes a new one.

        Returns:
            (T, B, O), float32: `out`, or a new array, or a tensor if `block` is one.

        Raises:
            InputError: As for `step`; no step is taken then.
        """
        numbers = values.given(block, (-1, *self._shape), self._reads_symbols, "Stream.run")
        numbers = np.require(numbers, self._dtype, ["C", "A"])
        shape = (len(numbers), *self._output.shape)
        into = None if out is None else values.target(out, shape, "Stream.run")
        direct = into is not None and into.flags.carray and not np.may_share_memory(into, numbers)
        y = into if into is not None and direct else np.empty(shape, np.float32)
        with self._lock:
            if self._functions.run(self._handle, numbers.ctypes.data, y.ctypes.data, len(numbers)):
                raise values.bad_symbol(numbers, self.input_size, "Stream.run")
        if into is None:
            return values.like(block, y)  # type: ignore[no-any-return]
        if not direct:
            into[...] = y
        values.written(out)
        return out  # type: ignore[return-value]

    def write(self, sampling: Sampling, uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Write symbols: choose each by the scores of the last step, and take the next step with it.

        Args:
            sampling: How to choose.
            uniform: (T, B), one number from 0 to below 1 for each choice. A row with the same numbers writes the same
                symbols, whatever the other rows do.

        Returns:
            The symbols, (T, B).

        Raises:
            InputError: The network does not give a score for each symbol that it reads, or `uniform` is no such array.
        """
        if not self._reads_symbols or self.input_size != self.output_size:
            raise InputError(
                "Stream.write: expected a network that reads symbols and gives a score for each, got "
                f"{', '.join(self._owner.layers)}"
            )
        numbers = np.ascontiguousarray(uniform, np.float64)
        if numbers.ndim != 2 or numbers.shape[1] != self.batch:
            raise InputError(f"Stream.write: expected uniform to be (T, {self.batch}), got {quote(numbers.shape)}")
        chosen = np.empty(numbers.shape, np.int64)
        with self._lock:
            self._functions.write(self._handle, sampling.record, numbers.ctypes.data, len(numbers), chosen.ctypes.data)
        return chosen

    def reset(self, rows: Any = None) -> None:
        """Set the state to zero, as at the start of a sequence.

        Args:
            rows: The number of a row, or several, from 0 to B - 1; None for all. Others are not changed.

        Raises:
            InputError: They are no such numbers.
        """
        if rows is None:
            with self._lock:
                self._functions.reset(self._handle, None, 0)
            return
        found = values.rows(rows, self.batch)
        if len(found):  # no rows have no address, which would mean all of them
            with self._lock:
                self._functions.reset(self._handle, found.ctypes.data, len(found))

    @property
    def state(self) -> StreamState:
        """Return a copy of the state; set it to go on from there.

        Raises:
            InputError: Setting the state of other weights, another precision or another batch; nothing is changed.
        """
        with self._lock:
            found = np.empty((self.batch, self._functions.state_size(self._handle) // self.batch), np.float32)
            self._functions.get_state(self._handle, found.ctypes.data)
        return StreamState(self._owner, found)

    @state.setter
    def state(self, state: StreamState) -> None:
        numbers = checked(state, self._owner, self._functions.state_size(self._handle) // self.batch)
        with self._lock:
            self._functions.set_state(self._handle, numbers.ctypes.data)

    @property
    def _reads_symbols(self) -> bool:
        return len(self._shape) == 1

    def __repr__(self) -> str:
        layers = ", ".join(self._owner.layers)
        return f"<Stream of {layers}; batch {self.batch}, {self.precision} on {self._backend}>"

    def __reduce__(self) -> NoReturn:
        """Refuse copies and pickles, which would share memory that is freed once."""
        raise TypeError("a Stream cannot be copied or pickled: make another of the model and set its state")


def _view(address: int, number: Any, shape: tuple[int, ...]) -> Any:
    """Return the memory at an address as an array."""
    return np.ctypeslib.as_array((number * int(np.prod(shape))).from_address(address)).reshape(shape)


def _check(name: str, value: Any, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InputError(f"elman.Stream: expected {name} to be a whole number from 1 to {most:,}, got {quote(value)}")
