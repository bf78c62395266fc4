"""Run one step at a time: drop-ins for torch.nn's RNNCell, GRUCell and LSTMCell.

They are torch's cells with another forward pass: a sequence of one step on the native operation or the reference, or
torch's own function for a step where `elman.ops.dispatch` says so.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.modules.rnn import RNNCellBase

from elman.layers import checks
from elman.layers.programs import Program, node
from elman.layers.recurrent import Operation, State
from elman.ops.dispatch import Backend, Choice, choose
from elman.ops.gru import gru as native_gru
from elman.ops.lstm import lstm as native_lstm
from elman.ops.reference.gru import gru as reference_gru
from elman.ops.reference.lstm import lstm as reference_lstm
from elman.ops.reference.rnn import rnn as reference_rnn
from elman.ops.rnn import rnn as native_rnn

Weights = tuple[Tensor | None, ...]


class Cell(Program, RNNCellBase):
    """The base of the cells. Abstract; the first of their bases, before torch's cell, so that its forward is used."""

    native: ClassVar[Operation]
    reference: ClassVar[Operation]
    state_names: ClassVar[tuple[str, ...]] = ("hidden",)
    torch_has_it: bool = True

    @property
    def backend(self) -> Backend:
        """The backend of a call with an input of the cell's own type and device, and the reason (`.reason`)."""
        return Backend(*self._choose(self.weight_ih))

    def forward(self, input: Tensor, hx: Any = None) -> Any:  # noqa: A002  torch's name
        """Take one step.

        Args:
            input: (B, I), or (I,) without a batch.
            hx: The state before the step, (B, H) or (H,), or None for zeros; for an LSTM a pair (h, c) of such.

        Returns:
            The state after the step, in the shape of `hx`.

        Raises:
            ValueError: `input` or `hx` has another number of dimensions.
            RuntimeError: `input` or `hx` has a wrong size or dtype, or is on another device; an LSTM is given
                another number of states than two.
            TypeError: An LSTM's `hx` is no tuple.
            AttributeError: `input` or `hx` is no tensor.
            InputError: A backend is forced that cannot run this.
        """
        if isinstance(input, Proxy) or (hx is not None and isinstance(hx, Proxy)):
            return node(self, input, hx)
        checks.dimensions(self, input, (1, 2))
        weights = self._weights()
        state = self._check(input, hx, weights)
        name = self._choose(input).name
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if state is None:
            state = tuple(x.new_zeros(x.shape[0], self.hidden_size) for _ in self.state_names)
        elif not batched:
            state = tuple(s.unsqueeze(0) for s in state)
        if name == "torch":
            after = self._step(x, state, weights)
        else:
            operation = self.native if name == "native" else self.reference
            _, *after = self._call(operation, x.unsqueeze(0), state, weights)
        return self._pack(tuple(after) if batched else tuple(s.squeeze(0) for s in after))

    def _check(self, x: Tensor, hx: Any, weights: Weights) -> State | None:
        state = None if hx is None else self._unpack(hx)
        for name, s in zip(self.state_names, state or (), strict=False):
            checks.dimensions(self, s, (1, 2), what=name)
        checks.same_kind(self, x, cast(Tensor, weights[0]), RuntimeError)
        checks.width(self, x, self.input_size)
        for name, s in zip(self.state_names, state or (), strict=False):
            checks.state(self, s, (*x.shape[:-1], self.hidden_size), x, name)
        return state

    def _choose(self, x: Tensor) -> Choice:
        return choose(x.dtype, x.device, torch_has_it=self.torch_has_it)

    def _weights(self) -> Weights:
        """Read every parameter, once in a call: one under a parametrization is computed each time that it is read."""
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _unpack(self, hx: Any) -> State:
        return (hx,)

    def _pack(self, state: State) -> Any:
        return state[0]

    def _call(self, operation: Operation, x: Tensor, state: Sequence[Tensor], weights: Weights) -> State:
        """Run a sequence of one step, (1, B, I): y (1, B, H), and the final state, each part (B, H)."""
        raise NotImplementedError

    def _step(self, x: Tensor, state: State, weights: Weights) -> Sequence[Tensor]:
        """Return the state after x, (B, I), by torch's own function."""
        raise NotImplementedError


class RNNCell(Cell, nn.RNNCell):
    """Drop-in for `torch.nn.RNNCell`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in place of tanh.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        nonlinearity: "tanh" or "relu"; another one raises RuntimeError when the cell is called, as torch's does.
        device: The device of the parameters.
        dtype: The type of the parameters.

    Attributes:
        weight_ih: (H, I).
        weight_hh: (H, H).
        bias_ih, bias_hh: (H,).

    Example:
        >>> cell = RNNCell(10, 20)
        >>> cell(torch.randn(3, 10)).shape
        torch.Size([3, 20])
    """

    native = staticmethod(native_rnn)
    reference = staticmethod(reference_rnn)

    def _check(self, x: Tensor, hx: Any, weights: Weights) -> State | None:
        state = super()._check(x, hx, weights)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}. Select from 'tanh' or 'relu'")
        return state

    def _call(self, operation: Operation, x: Tensor, state: Sequence[Tensor], weights: Weights) -> State:
        return operation(x, *state, *weights, None, False, self.nonlinearity)

    def _step(self, x: Tensor, state: State, weights: Weights) -> Sequence[Tensor]:
        step: Callable[..., Tensor] = torch.rnn_tanh_cell if self.nonlinearity == "tanh" else torch.rnn_relu_cell
        return (step(x, *state, *weights),)


class GRUCell(Cell, nn.GRUCell):
    """Drop-in for `torch.nn.GRUCell`; `elman.GRU` has the equation.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        device: The device of the parameters.
        dtype: The type of the parameters.
        reset_after: False resets before the product, as in the paper.

    Attributes:
        weight_ih: (3*H, I), gates r z n.
        weight_hh: (3*H, H).
        bias_ih, bias_hh: (3*H,).

    Example:
        >>> cell = GRUCell(10, 20)
        >>> cell(torch.randn(3, 10)).shape
        torch.Size([3, 20])
    """

    native = staticmethod(native_gru)
    reference = staticmethod(reference_gru)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        reset_after: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device=device, dtype=dtype)
        self.reset_after = self.torch_has_it = reset_after

    def extra_repr(self) -> str:
        """Return the arguments for `repr`: torch's, and `reset_after` if it differs from torch's."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")

    def _call(self, operation: Operation, x: Tensor, state: Sequence[Tensor], weights: Weights) -> State:
        return operation(x, *state, *weights, None, False, self.reset_after)

    def _step(self, x: Tensor, state: State, weights: Weights) -> Sequence[Tensor]:
        step: Callable[..., Tensor] = torch.gru_cell
        return (step(x, *state, *weights),)


class LSTMCell(Cell, nn.LSTMCell):
    """Drop-in for `torch.nn.LSTMCell`; `elman.LSTM` has the equation.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        device: The device of the parameters.
        dtype: The type of the parameters.

    Attributes:
        weight_ih: (4*H, I), gates i f g o.
        weight_hh: (4*H, H).
        bias_ih, bias_hh: (4*H,).

    Example:
        >>> cell = LSTMCell(10, 20)
        >>> h, c = cell(torch.randn(3, 10))
        >>> h.shape, c.shape
        (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    native = staticmethod(native_lstm)
    reference = staticmethod(reference_lstm)
    state_names = ("hx[0]", "hx[1]")

    def _unpack(self, hx: Any) -> State:
        parts = tuple(hx) if isinstance(hx, Iterable) and not (isinstance(hx, Tensor) and hx.dim() == 0) else ()
        for k, part in enumerate(parts):
            checks.dimensions(self, part, (1, 2), what=f"hx[{k}]")
        if not isinstance(hx, tuple | list):
            raise TypeError(f"LSTMCell: expected hx to be a tuple of two tensors (h, c), got {type(hx).__name__}")
        if len(parts) != 2:
            raise RuntimeError(f"LSTMCell: lstm_cell expects two hidden states, (h, c), got {len(parts)}")
        return parts

    def _pack(self, state: State) -> State:
        return state

    def _call(self, operation: Operation, x: Tensor, state: Sequence[Tensor], weights: Weights) -> State:
        return operation(x, *state, *weights, None, False)

    def _step(self, x: Tensor, state: State, weights: Weights) -> Sequence[Tensor]:
        step: Callable[..., State] = torch.lstm_cell
        return step(x, state, *weights)
