"""Define the layer of a gated recurrent unit; `elman.ops.reference.gru` has its equation."""

from typing import Any

import torch

from elman.layers.recurrent import Recurrent
from elman.ops import reference as cells
from elman.ops.cell import Cell


class GRU(Recurrent):
    r"""Drop-in for `torch.nn.GRU`.

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        num_layers: Number of stacked layers.
        bias: Whether the layer has `bias_ih_l*` and `bias_hh_l*`.
        batch_first: Input and output are (B, T, ...), not (T, B, ...); states are (num_layers*D, B, H) all the same.
        dropout: Probability of dropping an output between layers while training.
        bidirectional: D = 2 directions, the outputs concatenated.
        device, dtype: The device and the type of the parameters.
        reset_after: False resets before the product, as in the paper and in Keras' `reset_after=False`:
            n_t = tanh(W_in x_t + b_in + W_hn (r_t * h_{t-1}) + b_hn).
        **unknown: Nothing; `proj_size` raises the error that torch raises.

    Attributes:
        weight_ih_l[k]: (3*H, I), gates r z n; in later layers (3*H, D*H); `_reverse` for the second direction.
        weight_hh_l[k]: (3*H, H).
        bias_ih_l[k], bias_hh_l[k]: (3*H,).

    Raises:
        ValueError: A size or probability is out of range, or `proj_size` is given.
        TypeError: An argument has the wrong type.

    Example:
        >>> layer = GRU(10, 20, bidirectional=True)
        >>> y, h_n = layer(torch.randn(5, 3, 10))
        >>> y.shape, h_n.shape
        (torch.Size([5, 3, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        reset_after: bool = True,
        **unknown: Any,
    ) -> None:
        self.reject_projection(unknown)
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("GRU", *given, device=device, dtype=dtype, **unknown)
        self.reset_after = reset_after

    @property
    def cell(self) -> Cell:
        """The equation."""
        return cells.GRU if self.reset_after else cells.GRU_RESET_BEFORE

    def extra_repr(self) -> str:
        """Return the arguments for `repr`: torch's, and `reset_after` if it differs from torch's."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")
