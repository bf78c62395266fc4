"""Define the layer of a long short-term memory; `elman.ops.reference.lstm` has its equation."""

import torch

from elman.layers.recurrent import Recurrent
from elman.ops import reference as cells


class LSTM(Recurrent):
    r"""Drop-in for `torch.nn.LSTM`.

        i_t = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)
        f_t = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf)
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
        o_t = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho)
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t), then W_hr h_t if there is a projection

    Args:
        input_size: I, the features of the input.
        hidden_size: H, the features of the state.
        num_layers: Number of stacked layers.
        bias: Whether the layer has `bias_ih_l*` and `bias_hh_l*`.
        batch_first: Input and output are (B, T, ...), not (T, B, ...); states are (num_layers*D, B, H) all the same.
        dropout: Probability of dropping an output between layers while training.
        bidirectional: D = 2 directions, the outputs concatenated.
        proj_size: P, the size of the projected output, which is H where it is 0. Smaller than H.
        device, dtype: The device and the type of the parameters.

    Attributes:
        weight_ih_l[k]: (4*H, I), gates i f g o; in later layers (4*H, D*P); `_reverse` for the second direction.
        weight_hh_l[k]: (4*H, P).
        bias_ih_l[k], bias_hh_l[k]: (4*H,).
        weight_hr_l[k]: (P, H), if there is a projection.

    Raises:
        ValueError: A size or probability is out of range.
        TypeError: An argument has the wrong type.

    Example:
        >>> layer = LSTM(10, 20, batch_first=True)
        >>> y, (h_n, c_n) = layer(torch.randn(3, 5, 10))
        >>> y.shape, h_n.shape, c_n.shape
        (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]), torch.Size([1, 3, 20]))
    """

    cell = cells.LSTM

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size)
        super().__init__("LSTM", *given, device=device, dtype=dtype)
