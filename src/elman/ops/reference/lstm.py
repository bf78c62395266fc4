"""The long short-term memory: the equation of one time step.

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

from elman.ops.cell import Cell, Gates, Parameters, State


def step(x: Tensor, state: State, parameters: Parameters) -> tuple[State, Gates]:
    """Compute one time step.

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


LSTM = Cell(
    "lstm",
    number=2,
    step=step,
    gates=("i", "f", "g", "o"),
    activations=("sigmoid", "sigmoid", "tanh", "sigmoid"),
    states=("h", "c"),
    saved=4,
)
