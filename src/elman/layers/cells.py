"""Run one time step: drop-ins for torch.nn's RNNCell, GRUCell and LSTMCell.

They are torch's cells with another forward pass: a sequence of one step on the native backend or the reference, or
torch's own function for a step where `elman.ops.dispatch` chooses it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.modules.rnn import RNNCellBase

from elman.layers import checks
from elman.layers.programs import Program, node
from elman.ops import cell as ops
from elman.ops import reference as cells
from elman.ops.cell import State
from elman.ops.dispatch import Backend, choose
from elman.ops.run import run

Weights = tuple[Tensor | None, ...]


class Cell(Program, RNNCellBase):
    """The base of the cells. Abstract; the first of their bases, before torch's cell, so that its forward is used."""

    @property
    def cell(self) -> ops.Cell:
        """The equation."""
        raise NotImplementedError

    @property
    def backend(self) -> Backend:
        """The backend for inputs of the cell's own type and device, and why (`.reason`)."""
        x = self.weight_ih
        return Backend(*choose(x.dtype, x.device, missing_in_torch=self.cell.missing_in_torch))

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
        cell, weights = self.cell, self._weights()
        state = self._check(input, hx, weights)
        name = choose(input.dtype, input.device, missing_in_torch=cell.missing_in_torch).name
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if state is None:
            state = tuple(x.new_zeros(x.shape[0], self.hidden_size) for _ in cell.states)
        elif not batched:
            state = tuple(s.unsqueeze(0) for s in state)
        if name == "torch":
            found = getattr(torch, f"{cell.name}_cell")(x, self._pack(state), *weights)
            after = (found,) if isinstance(found, Tensor) else found
        else:
            after = run(cell, name, x, state, weights)
        return self._pack(after if batched else [s.squeeze(0) for s in after])

    def _check(self, x: Any, hx: Any, weights: Weights) -> State | None:
        """Check the arguments and return the state as a tuple."""
        state = None if hx is None or not isinstance(x, Tensor) else self._unpack(hx)
        if not self._fits(x, state, cast(Tensor, weights[0])):
            self._check_each(x, state, cast(Tensor, weights[0]))
        return state

    def _fits(self, x: Any, state: State | None, weight: Tensor) -> bool:
        """Return whether all is right and on the CPU, in a microsecond; the checks one by one take three."""
        if not isinstance(x, Tensor) or x.dtype is not weight.dtype or not x.is_cpu or not weight.is_cpu:
            return False
        shape = x.shape
        if len(shape) not in (1, 2) or shape[-1] != self.input_size:
            return False
        before = (shape[0], self.hidden_size) if len(shape) == 2 else (self.hidden_size,)
        for s in state or ():
            if not isinstance(s, Tensor) or s.shape != before or s.dtype is not x.dtype or not s.is_cpu:
                return False
        return True

    def _check_each(self, x: Tensor, state: State | None, weight: Tensor) -> None:
        checks.dimensions(self, x, (1, 2))
        names = ("hidden",) if state is None or len(state) == 1 else ("hx[0]", "hx[1]")
        for name, s in zip(names, state or (), strict=False):
            checks.dimensions(self, s, (1, 2), what=name)
        checks.same_kind(self, x, weight, RuntimeError)
        checks.width(self, x, self.input_size)
        for name, s in zip(names, state or (), strict=False):
            checks.state(self, s, (*x.shape[:-1], self.hidden_size), x, name)

    def _weights(self) -> Weights:
        """Read every parameter, once in a call: one under a parametrization is computed each time that it is read."""
        found = self._parameters
        try:  # a plain parameter, half a microsecond sooner than by attribute
            return found["weight_ih"], found["weight_hh"], found["bias_ih"], found["bias_hh"]
        except KeyError:
            return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _unpack(self, hx: Any) -> State:
        return (hx,)

    def _pack(self, state: Sequence[Tensor]) -> Any:
        """Return the state as the user passes it: a tuple, or the tensor alone where there is one."""
        return tuple(state) if len(state) > 1 else state[0]


class RNNCell(Cell, nn.RNNCell):
    """Drop-in for `torch.nn.RNNCell`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in place of tanh.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        nonlinearity: "tanh" or "relu"; another one raises RuntimeError when the cell is called, as torch's does.
        device, dtype: The device and the type of the parameters.

    Attributes:
        weight_ih: (H, I).
        weight_hh: (H, H).
        bias_ih, bias_hh: (H,).

    Example:
        >>> cell = RNNCell(10, 20)
        >>> cell(torch.randn(3, 10)).shape
        torch.Size([3, 20])
    """

    @property
    def cell(self) -> ops.Cell:
        """The equation."""
        return cells.RNN_RELU if self.nonlinearity == "relu" else cells.RNN_TANH

    def _check(self, x: Tensor, hx: Any, weights: Weights) -> State | None:
        state = super()._check(x, hx, weights)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}. Select from 'tanh' or 'relu'")
        return state


class GRUCell(Cell, nn.GRUCell):
    """Drop-in for `torch.nn.GRUCell`; `elman.GRU` has the equation.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        device, dtype: The device and the type of the parameters.
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
        self.reset_after = reset_after

    @property
    def cell(self) -> ops.Cell:
        """The equation."""
        return cells.GRU if self.reset_after else cells.GRU_RESET_BEFORE

    def extra_repr(self) -> str:
        """Return the arguments for `repr`: torch's, and `reset_after` if it differs from torch's."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")


class LSTMCell(Cell, nn.LSTMCell):
    """Drop-in for `torch.nn.LSTMCell`; `elman.LSTM` has the equation.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        bias: Whether the cell has `bias_ih` and `bias_hh`.
        device, dtype: The device and the type of the parameters.

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

    cell = cells.LSTM

    def _unpack(self, hx: Any) -> State:
        if type(hx) is tuple and len(hx) == 2:
            return hx
        parts = tuple(hx) if isinstance(hx, Iterable) and not (isinstance(hx, Tensor) and hx.dim() == 0) else ()
        for k, part in enumerate(parts):
            checks.dimensions(self, part, (1, 2), what=f"hx[{k}]")
        if not isinstance(hx, tuple | list):
            raise TypeError(f"LSTMCell: expected hx to be a tuple of two tensors (h, c), got {type(hx).__name__}")
        if len(parts) != 2:
            raise RuntimeError(f"LSTMCell: lstm_cell expects two hidden states, (h, c), got {len(parts)}")
        return parts
