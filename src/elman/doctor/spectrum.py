"""Compute eigenvalues, spectral radius and spectral norm of the recurrent matrices, gate by gate.

In a linear recurrence h_t = W h_{t-1} the gradient over k steps grows like the spectral radius to the k-th power: below
1 it vanishes, above 1 it explodes. Every other cell has a tanh, a relu or gates as well: there the radius decides
nothing, and `norm ** k` is only an upper bound on an RNN's gradient. So the report prints them together with the
measured Jacobians (`jacobian.py`), and no verdict is made from them.

R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch.nn import RNNBase

GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN_TANH": "h", "RNN_RELU": "h"}


@dataclass(frozen=True)
class Spectrum:
    """The spectrum of one recurrent matrix, the block of `weight_hh` for one gate.

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
