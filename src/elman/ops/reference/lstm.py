"""The long short-term memory: the equation of one step, and the operation over a sequence.

    i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)         input gate
    f = sigmoid(W_if x + b_if + W_hf h + b_hf)         forget gate
    g = tanh(W_ig x + b_ig + W_hg h + b_hg)            candidate
    o = sigmoid(W_io x + b_io + W_ho h + b_ho)         output gate
    c = f * c + i * g
    h = o * tanh(c),   or   W_hr (o * tanh(c))         with a projection

S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997); the forget gate: F. Gers et
al., "Learning to Forget", Neural Computation 12 (2000); the projection: H. Sak et al., arXiv:1402.1128 (2014).
"""

from torch import Tensor, sigmoid, tanh
from torch.nn.functional import linear

from elman.ops.reference.loop import Gates, Parameters, State
from elman.ops.reference.segments import results
from elman.ops.trace import Trace

GATES = ("i", "f", "g", "o")


def step(x: Tensor, state: State, parameters: Parameters) -> tuple[State, Gates]:
    """One time step.

    Args:
        x: (B, I).
        state: (h, c), h (B, H), or (B, P) with a projection, and c (B, H).
        parameters: Four gates, i f g o, G = 4.

    Returns:
        (h, c), and the gates i, f, g, o, each (B, H).
    """
    h, c = state
    w_ih, w_hh, b_ih, b_hh, w_hr = parameters
    a = linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)
    a_i, a_f, a_g, a_o = a.chunk(4, dim=-1)

    i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
    c = f * c + i * g
    h = o * tanh(c)
    if w_hr is not None:
        h = linear(h, w_hr)
    return (h, c), {"i": i, "f": f, "g": g, "o": o}


def lstm(
    x: Tensor,
    h_0: Tensor,
    c_0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    w_hr: Tensor | None = None,
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """A layer in one direction over a sequence; arguments and results are those of `elman.ops.lstm.lstm`.

    A projection `w_hr` (P, H), which the native operation has not, makes y, h_0 and h_n P wide.

    Returns:
        y (T, B, H), or (N, H) for a packed batch, h_n and c_n, shaped as h_0 and c_0.
    """
    parameters = Parameters(w_ih, w_hh, b_ih, b_hh, w_hr)
    y, h_n, c_n = results(step, x, (h_0, c_0), parameters, batch_sizes, reverse, trace, segment)
    return y, h_n, c_n
