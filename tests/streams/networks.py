"""Draw networks to stream, and the truth they are held to: the equations in float64, step by step."""

import copy
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from tests.contract.oracles import ResetBeforeGRU
from torch import Tensor, nn
from torch.nn.modules.rnn import RNNCellBase

import elman

PRECISIONS = ("float32", "bfloat16", "int8")
# |got - want| / |want| of all outputs together, by Euclidean norms. Lower precision has bounds for layers as torch
# initializes them, at most 2 on each other and at least 16 wide: of 500 the worst had 0.5 % and 2.2 %.
RELATIVE = {"float32": 1e-6, "bfloat16": 1e-2, "int8": 4e-2}
NARROWEST = 4  # outputs: of fewer all may be near 0, and then known to fewer digits

LAYERS = (elman.RNN, elman.GRU, elman.LSTM, nn.RNN, nn.GRU, nn.LSTM)
CELLS = (elman.RNNCell, elman.GRUCell, elman.LSTMCell, nn.RNNCell, nn.GRUCell, nn.LSTMCell)


class Walk:
    """A network in float64 that takes one step at a time."""

    def __init__(self, model: nn.Module) -> None:
        model = copy.deepcopy(model).double().eval()
        self.parts = list(model) if isinstance(model, nn.Sequential) else [model]
        self.states: list[Any] = [None] * len(self.parts)

    @torch.no_grad()
    def step(self, x: Tensor) -> Tensor:
        """Return (B, O) for (B, I), or for (B,) symbols."""
        x = x.double() if x.is_floating_point() else x
        for k, part in enumerate(self.parts):
            if isinstance(part, nn.RNNBase):
                y, self.states[k] = part(x[None], self.states[k])
                x = y[0]
            elif isinstance(part, RNNCellBase):
                self.states[k] = part(x, self.states[k])
                x = self.states[k][0] if isinstance(self.states[k], tuple) else self.states[k]
            else:
                x = part(x)
        return x

    def run(self, block: Tensor) -> Tensor:
        """Return (T, B, O)."""
        return torch.stack([self.step(x) for x in block])

    def reset(self, rows: list[int]) -> None:
        """Set the states of some rows to zero."""
        for state in self.states:
            for part in state if isinstance(state, tuple) else [] if state is None else [state]:
                part[..., rows, :] = 0


def relative_error(got: Any, want: Any) -> float:
    """|got - want| / |want|."""
    got, want = (np.asarray(x, np.float64) for x in (got, want))
    assert got.shape == want.shape
    return float(np.linalg.norm(got - want) / max(np.linalg.norm(want), 1e-30))


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays of float32 have the same bits, NaN as well."""
    a, b = np.asarray(a), np.asarray(b)
    return (
        a.shape == b.shape and a.dtype == b.dtype == np.float32 and bool((a.view(np.int32) == b.view(np.int32)).all())
    )


@st.composite
def recurrent(
    draw: st.DrawFn, width: int, hidden: st.SearchStrategy[int], most: int = 3, narrowest: int = NARROWEST
) -> nn.Module:
    """Any recurrent layer or cell that takes `width` features; at most so many layers, and a projection of at least so
    many outputs.
    """
    kind, bias = draw(st.sampled_from(LAYERS + CELLS)), draw(st.booleans())
    options: dict[str, Any] = {"bias": bias}
    if issubclass(kind, elman.GRU | elman.GRUCell):
        options["reset_after"] = draw(st.booleans())
    if issubclass(kind, elman.RNN | elman.RNNCell | nn.RNN | nn.RNNCell):
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    size = draw(hidden)
    if kind in LAYERS:
        options["num_layers"] = draw(st.integers(1, most))
        if issubclass(kind, elman.LSTM | nn.LSTM) and size > narrowest and draw(st.booleans()):
            options["proj_size"] = draw(st.integers(narrowest, size - 1))
    return kind(width, size, **options)


def width_of(module: nn.Module) -> int:
    """Return O of a recurrent layer or cell."""
    return getattr(module, "proj_size", 0) or module.hidden_size


@st.composite
def networks(draw: st.DrawFn, hidden: st.SearchStrategy[int]) -> nn.Module:
    """A recurrent layer, or a network around one, with its own random weights."""
    torch.manual_seed(draw(st.integers(0, 2**20)))
    symbols = draw(st.booleans())
    width = draw(st.integers(1, 40))
    layer = draw(recurrent(width, hidden))
    if not symbols and draw(st.booleans()):
        return layer
    before: list[nn.Module] = [nn.Embedding(draw(st.integers(1, 30)), width)] if symbols else []
    if draw(st.booleans()):
        before.append(nn.Dropout(0.5))
    if not symbols and draw(st.booleans()):
        before = [nn.Linear(width, width, bias=draw(st.booleans())), draw(st.sampled_from([nn.Tanh(), nn.ReLU()]))]
    after: list[nn.Module] = []
    wide = width_of(layer)
    if wide >= 8 and draw(st.booleans()):  # the deviation of few units can be nearly 0, and is then known to few digits
        after.append(nn.LayerNorm(wide, elementwise_affine=draw(st.booleans())))
    out = draw(st.integers(NARROWEST, 20))
    after += [nn.Linear(wide, out), draw(st.sampled_from([nn.Identity(), nn.Sigmoid(), nn.Softmax(dim=-1)]))]
    return nn.Sequential(*before, layer, *after)


def inputs(model: nn.Module, *shape: int) -> Tensor:
    """Return random symbols or features of the shape, for a network."""
    first = model[0] if isinstance(model, nn.Sequential) else model
    if isinstance(first, nn.Embedding):
        return torch.randint(first.num_embeddings, shape)
    return torch.randn(*shape, first.in_features if isinstance(first, nn.Linear) else _input_size(model))


def _input_size(model: nn.Module) -> int:
    parts = list(model) if isinstance(model, nn.Sequential) else [model]
    return int(next(part.input_size for part in parts if hasattr(part, "input_size")))


def as_oracle(layer: elman.GRU) -> ResetBeforeGRU:
    """Return the paper's GRU with the weights of a layer, written without Elman's equations."""
    truth = ResetBeforeGRU(layer.input_size, layer.hidden_size, layer.num_layers)
    truth.load_state_dict(layer.state_dict())
    return truth
