"""Examine weights alone: the spectra of the recurrent matrices, and whether a layer has torch's initial weights.

In a linear recurrence h_t = W h_{t-1} the gradient over k steps grows like the spectral radius to the k-th power: below
1 it vanishes, above 1 it explodes. Every other cell has a tanh, a relu or gates as well: there the radius decides
nothing, and `norm ** k` is only an upper bound on an RNN's gradient. So the report prints them together with the
measured Jacobians (`flow.py`), and no verdict is made from them.

torch's initial weights are uniform within 1 / sqrt(H), biases too. An update moves weights past that bound or away from
uniform, as does any other initialisation. In doubt the test says no.

R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import RNNBase

GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN_TANH": "h", "RNN_RELU": "h"}
DOUBT = 1e-6
"""Probability that one parameter with its initial values is not recognised."""
_FAR = math.sqrt(-math.log(DOUBT / 2) / 2)
"""The Kolmogorov-Smirnov distance, times sqrt(n), that is exceeded with that probability."""
_ZEROS = 0.01
"""Fraction of exact zeros above which the parameter was set by hand."""


@dataclass(frozen=True)
class Spectrum:
    """Hold the spectrum of one recurrent matrix, the block of `weight_hh` for one gate.

    Attributes:
        gate: "h" for an RNN, else the gate's letter.
        eigenvalues: complex, shape (H,), the largest first.
        radius: the largest magnitude of an eigenvalue.
        norm: the largest singular value.
    """

    gate: str
    eigenvalues: npt.NDArray[np.complex128]
    radius: float
    norm: float


def spectra(module: RNNBase, layer: int, reverse: bool) -> dict[str, Spectrum]:
    """Return the spectrum of each gate of one layer in one direction; a matrix that is not finite has none.

    With a projection the matrix is W_hh W_hr, which takes the unprojected state of one step to the next.
    """
    end = f"_l{layer}" + ("_reverse" if reverse else "")
    weight = getattr(module, f"weight_hh{end}").detach().double().cpu().numpy()
    if module.proj_size:
        weight = weight @ getattr(module, f"weight_hr{end}").detach().double().cpu().numpy()
    names = GATES[module.mode]
    parts = zip(names, np.split(weight, len(names)), strict=True)
    return {gate: _spectrum(gate, part) for gate, part in parts if np.isfinite(part).all()}


def _spectrum(gate: str, matrix: npt.NDArray[np.float64]) -> Spectrum:
    eigenvalues = np.linalg.eigvals(matrix).astype(np.complex128)
    eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues))]
    return Spectrum(gate, eigenvalues, float(np.abs(eigenvalues[0])), float(np.linalg.norm(matrix, 2)))


def as_initialised(modules: Iterable[RNNBase]) -> bool:
    """Say whether every parameter of every module looks like torch's own initialisation."""
    return all(map(_fresh, modules))


def _fresh(module: RNNBase) -> bool:
    parameters = list(module.parameters(recurse=False))
    whole = len(parameters) == sum(map(len, module._all_weights))  # none is parametrized
    return whole and all(_untouched(parameter, module.hidden_size) for parameter in parameters)


def _untouched(parameter: Tensor, hidden: int) -> bool:
    bound = 1 / math.sqrt(hidden)
    values = np.sort(parameter.detach().double().flatten().cpu().numpy())
    rounding = 1 + torch.finfo(parameter.dtype).eps
    if not np.isfinite(values).all() or np.abs(values).max() > bound * rounding or (values == 0).mean() > _ZEROS:
        return False
    uniform = (values / bound + 1) / 2
    steps = np.arange(len(values) + 1) / len(values)
    distance = max(np.max(steps[1:] - uniform), np.max(uniform - steps[:-1]))
    return bool(distance * math.sqrt(len(values)) < _FAR)
