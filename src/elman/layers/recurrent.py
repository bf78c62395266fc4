"""Run any recurrent layer: stacking, direction, packing, batch order, dropout and the choice of a backend.

A layer (`rnn.py`, `gru.py`, `lstm.py`) adds its constructor and its `cell`. The base is torch's `RNNBase`, so
that constructor checks, parameter names, initial values, `state_dict` and `repr` are torch's by construction; only the
forward pass is written here. It reads the parameters by attribute at each call, so that a parametrized, dropped or
substituted weight is honoured.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.compiler import is_compiling
from torch.fx import Proxy
from torch.nn import RNNBase
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence

from elman.layers import checks
from elman.layers.programs import Program, check_unrolled, is_traced, node
from elman.ops.cell import Cell, State
from elman.ops.dispatch import Backend, Choice, choose
from elman.ops.run import run
from elman.ops.trace import Trace

Weights = Sequence[Sequence[Any]]  # for each layer and direction w_ih, w_hh, the biases and w_hr, if there are any
Rows = tuple[int, Tensor | None]  # the batch, and of a packed one the sizes of each step
# A record gives each layer this function. It is called at the start of a pass with the layer, its input, the batch, the
# sizes and the user's order of a packed batch, and returns a trace to fill in for each layer and direction.
Recorder = Callable[["Recurrent", Tensor, int, Tensor | None, Tensor | None], Sequence[Trace]]


class Recurrent(Program, RNNBase):
    """A stack of recurrent layers in one or two directions. Abstract: `RNN`, `GRU` and `LSTM` are the final classes."""

    recorder: "Recorder | None" = None

    @property
    def cell(self) -> Cell:
        """The equation."""
        raise NotImplementedError

    @staticmethod
    def reject_projection(arguments: dict[str, Any]) -> None:
        """Raise ValueError, as torch does, if a layer other than an LSTM is given a `proj_size`."""
        if "proj_size" in arguments:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")

    @property
    def backend(self) -> Backend:
        """The backend of a call with an input of the layer's own type and device, and the reason (`.reason`)."""
        return Backend(*self._choose(getattr(self, self._all_weights[0][0])))

    def forward(
        self,
        input: Any,  # noqa: A002  torch's name
        hx: Any = None,
        checkpoint_every: int | Literal["sqrt"] | None = None,
    ) -> tuple[Any, Any]:
        """Run the layer over a sequence.

        Args:
            input: (T, B, I), or (B, T, I) with `batch_first`, or (T, I) without a batch, or a `PackedSequence`.
            hx: The initial state, or None for zeros: (num_layers*D, B, H), or (num_layers*D, H) without a batch;
                for an LSTM a pair (h_0, c_0) of such, where h_0 is `proj_size` wide if that is set.
            checkpoint_every: None saves everything that the backward pass needs. N saves only the state of every N-th
                step, and the backward pass recomputes N steps at a time; "sqrt" is N = the root of T.
                Results and gradients are bit-identical. T. Chen et al., arXiv:1604.06174 (2016).

        Returns:
            The output in the shape of the input, D*H wide, and the final state in the shape of `hx`.

        Raises:
            ValueError: `input` has another number of dimensions or another dtype than the weights;
                `checkpoint_every` is neither a positive int nor "sqrt".
            RuntimeError: `input` or `hx` has a wrong size, or is on another device; `hx` has another dtype than
                `input`; an LSTM is given more than two states; T is 0.
            AttributeError: `input` or `hx` is no tensor.
            TypeError: `hx` is two arguments, or, of an LSTM, has no parts.
            IndexError: An LSTM is given fewer than two states.
            InputError: A backend is forced that cannot run this; with `checkpoint_every`, the torch backend is chosen.
        """
        if isinstance(input, Proxy) or (hx is not None and isinstance(hx, Proxy)):
            found: tuple[Any, Any] = node(self, input, hx, checkpoint_every=checkpoint_every)
            return found
        if isinstance(input, PackedSequence):
            return self._packed(input, hx, checkpoint_every)
        return self._dense(input, hx, checkpoint_every)

    def _dense(self, x: Tensor, hx: Any, checkpoint_every: int | str | None) -> tuple[Tensor, Any]:
        checks.dimensions(self, x, (2, 3))
        batched = x.dim() == 3
        state = None if hx is None else self._unpack(hx)
        if state is not None:
            checks.state_dimensions(self, state, x)
        if not batched:
            x = x.unsqueeze(1)
            state = None if state is None else tuple(s.unsqueeze(1) for s in state)
        elif self.batch_first:
            x = x.transpose(0, 1)
        weights = self._weights()
        self._check(x, state, x.shape[1], weights)
        checks.length(self, x)
        segment = checks.segment(self, checkpoint_every, x.shape[0])
        y, final = self._run(x, state, (x.shape[1], None), segment, weights)
        if not batched:
            return y.squeeze(1), self._pack(tuple(s.squeeze(1) for s in final))
        return (y.transpose(0, 1) if self.batch_first else y), self._pack(final)

    def _packed(
        self, sequence: PackedSequence, hx: Any, checkpoint_every: int | str | None
    ) -> tuple[PackedSequence, Any]:
        x, batch_sizes, order, restore = sequence
        checks.dimensions(self, x, (2,), RuntimeError)
        state = None if hx is None else self._unpack(hx, whole=order is None)
        batch: Any = batch_sizes[0] if is_traced() else int(batch_sizes[0])  # a trace would take it as a constant
        weights = self._weights()
        self._check(x, state, batch, weights)
        if state is not None and order is not None:
            state = tuple(s.index_select(1, order) for s in state)
        segment = checks.segment(self, checkpoint_every, batch_sizes.shape[0])
        y, final = self._run(x, state, (batch, batch_sizes), segment, weights, restore)
        if restore is not None:
            final = tuple(s.index_select(1, restore) for s in final)
        return PackedSequence(y, batch_sizes, order, restore), self._pack(final)

    def _check(self, x: Tensor, state: State | None, batch: int, weights: Weights) -> None:
        """Check the properties that dense and packed input share."""
        checks.same_kind(self, x, weights[0][0], ValueError)
        checks.width(self, x, self.input_size)
        if state is not None:
            widths = self._state_widths()
            for k, (s, width) in enumerate(zip(state, widths, strict=True)):
                what = "hidden" if len(widths) == 1 else f"hidden[{k}]"
                checks.state(self, s, (len(self._all_weights), batch, width), x, what)

    def _run(
        self, x: Tensor, state: State | None, rows: Rows, segment: int, weights: Weights, restore: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Take (T, B, I) or packed rows (N, I), and return (T, B, D*H) or (N, D*H) and the final state."""
        if self.recorder is None:
            return self._run_on(x, state, rows, segment, weights, None)
        if segment:
            raise checks.recorded_segments(self)
        run = self._run_recorded
        if is_compiling():  # disabled here and not by a decorator, which would import the compiler into every program
            run = torch.compiler.disable(run, reason="a record is filled in by plain Python")  # type: ignore[no-untyped-call]
        return run(x, state, rows, weights, restore)

    def _run_recorded(
        self, x: Tensor, state: State | None, rows: Rows, weights: Weights, restore: Tensor | None
    ) -> tuple[Tensor, State]:
        self._choose(x)  # a backend that shows no step refuses before anything is kept
        traces = None if self.recorder is None else self.recorder(self, x, *rows, restore)
        return self._run_on(x, state, rows, 0, weights, traces)

    def _run_on(
        self,
        x: Tensor,
        state: State | None,
        rows: Rows,
        segment: int,
        weights: Weights,
        traces: Sequence[Trace] | None,
    ) -> tuple[Tensor, State]:
        batch, batch_sizes = rows
        name, reason = self._choose(x)
        count = len(self._all_weights)
        if name == "torch":
            if segment:
                raise checks.no_segments(self, reason)
            return self._run_torch(x, state or self._zeros(x, count, batch), batch_sizes, weights)
        if name == "reference":
            check_unrolled(self, batch_sizes, reason)
        if state is None:
            before = [self._zeros(x, 1, batch)] * count
        else:
            before = [state] if count == 1 else list(zip(*(s.chunk(count) for s in state), strict=True))
        return self._run_stack(name, x, before, batch_sizes, segment, weights, traces)

    def _zeros(self, x: Tensor, *shape: int) -> State:
        """Return a state of zeros; parts of the same width share one tensor."""
        width, *others = self._state_widths()
        zeros = x.new_zeros(*shape, width)
        return zeros, *(zeros if other == width else x.new_zeros(*shape, other) for other in others)

    def _choose(self, x: Tensor) -> Choice:
        return choose(
            x.dtype,
            x.device,
            projection=self.proj_size > 0,
            missing_in_torch=self.cell.missing_in_torch,
            recorded=self.recorder is not None,
            lstm=self.cell.name == "lstm",
        )

    def _run_stack(
        self,
        backend: str,
        x: Tensor,
        before: Sequence[State],
        batch_sizes: Tensor | None,
        segment: int,
        weights: Weights,
        traces: Sequence[Trace] | None,
    ) -> tuple[Tensor, State]:
        """Run each layer and direction from its own state, with dropout between the layers."""
        cell = self.cell
        count, directions = len(before), 2 if self.bidirectional else 1
        if not self.bias:
            weights = [[*layer[:2], None, None, *layer[2:]] for layer in weights]
        finals: list[State] = []
        for first in range(0, count, directions):
            if first and self.dropout and self.training:
                x = dropout(x, self.dropout)
            outputs = []
            for k in range(first, first + directions):
                trace = None if traces is None else traces[k]
                y, *final = run(cell, backend, x, before[k], weights[k], batch_sizes, k > first, segment, trace)
                outputs.append(y)
                finals.append(tuple(final))
            x = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
        return x, finals[0] if count == 1 else tuple(torch.cat(parts) for parts in zip(*finals, strict=True))

    def _run_torch(self, x: Tensor, state: State, batch_sizes: Tensor | None, weights: Weights) -> tuple[Tensor, State]:
        """Run the whole stack in one call of torch's own function."""
        flat = [w for layer in weights for w in layer]
        hx = self._pack(state)
        config = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        function = getattr(torch, self.cell.name)
        if batch_sizes is None:
            y, *final = function(x, hx, flat, *config, False)
        else:
            y, *final = function(x, batch_sizes, hx, flat, *config)
        return y, tuple(final)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the record out of copies and pickles."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]
        state.pop("recorder", None)
        return state

    def _weights(self) -> list[list[Tensor]]:
        """Read every parameter, once in a call: one under a parametrization is computed each time that it is read.

        A plain parameter is read from the dictionary of nn.Module, half a microsecond sooner than `getattr` finds it.
        """
        stored: dict[str, Any] = self._parameters
        return [
            [stored[name] if name in stored else getattr(self, name) for name in names] for names in self._all_weights
        ]

    def _state_widths(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, *[self.hidden_size] * (len(self.cell.states) - 1)

    def _unpack(self, hx: Any, *, whole: bool = False) -> State:
        """Return the user's `hx` as a tuple of tensors; `checks.pair` describes `whole`."""
        if len(self.cell.states) > 1:
            return checks.pair(self, hx, whole=whole)
        checks.tensor(self, hx, "hx")
        return (hx,)

    def _pack(self, state: State) -> Any:
        """Return the state as the user passes it: a tuple, or the tensor alone where there is one."""
        return state if len(state) > 1 else state[0]
