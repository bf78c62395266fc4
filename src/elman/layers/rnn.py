"""Define the layer of an Elman RNN; `elman.ops.reference.rnn` has its equation."""

from typing import Any

import torch

from elman.layers.recurrent import Recurrent
from elman.ops import reference as cells
from elman.ops.cell import Cell

_CELLS = {"tanh": cells.RNN_TANH, "relu": cells.RNN_RELU}


class RNN(Recurrent):
    r"""Drop-in for `torch.nn.RNN`: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu in place of tanh.

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        num_layers: Number of stacked layers.
        nonlinearity: "tanh" or "relu".
        bias: Whether the layer has `bias_ih_l*` and `bias_hh_l*`.
        batch_first: Input and output are (B, T, ...), not (T, B, ...); states are (num_layers*D, B, H) all the same.
        dropout: Probability of dropping an output between layers while training.
        bidirectional: D = 2 directions, the outputs concatenated.
        device, dtype: The device and the type of the parameters.
        **unknown: Nothing; `proj_size` raises the error that torch raises.

    Attributes:
        weight_ih_l[k]: (H, I), in later layers (H, D*H); `_reverse` for the second direction.
        weight_hh_l[k]: (H, H).
        bias_ih_l[k], bias_hh_l[k]: (H,).

    Raises:
        ValueError: A size or probability is out of range, `nonlinearity` is unknown, or `proj_size` is given.
        TypeError: An argument has the wrong type.

    Example:
        >>> layer = RNN(10, 20, num_layers=2)
        >>> y, h_n = layer(torch.randn(5, 3, 10))
        >>> y.shape, h_n.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **unknown: Any,
    ) -> None:
        self.reject_projection(unknown)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(f"RNN_{nonlinearity.upper()}", *given, device=device, dtype=dtype, **unknown)
        self.nonlinearity = nonlinearity

    @property
    def cell(self) -> Cell:
        """The equation."""
        return _CELLS[self.nonlinearity]
