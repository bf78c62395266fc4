"""Build the exercises of the Coursera course's notebooks, drawn from the same seed, as worked calculations."""

from typing import Any

import numpy as np

import elman
from elman.worked.entry import Trace


def _exercise(cell: str, parameters: dict[str, Any], x: np.ndarray, a0: np.ndarray, da: np.ndarray) -> Trace:
    """A notebook's exercise: gradients `da` from outside at every step, made by targets `da` away from the states."""
    steps, batch = da.shape[2], range(x.shape[1])
    sheet: dict[str, Any] = {"cell": cell, "parameters": parameters, "output": {"kind": "none", "at": "every"}}
    sheet["examples"] = [{"inputs": x[:, k, :steps].T, "initial": {"h": a0[:, k]}} for k in batch]
    states = elman.explain(sheet)
    sheet["loss"] = {"kind": "half_squares", "at": "every", "over_steps": "sum", "over_examples": "sum"}
    for k in batch:
        targets = [states[f"{k + 1}/h.{t}"].array - da[:, k, t - 1] for t in range(1, steps + 1)]
        sheet["examples"][k] = sheet["examples"][k] | {"targets": targets}
    return elman.explain(sheet)


def rnn_notebook() -> Trace:
    """Work the backward pass of the plain network."""
    rng = np.random.RandomState(1)
    x, a0, wax, waa = rng.randn(3, 10, 4), rng.randn(5, 10), rng.randn(5, 3), rng.randn(5, 5)
    _wya, ba, _by, da = rng.randn(2, 5), rng.randn(5, 1), rng.randn(2, 1), rng.randn(5, 10, 4)
    return _exercise("rnn", {"W_xh": wax, "W_hh": waa, "b_h": ba[:, 0]}, x, a0, da)


def lstm_notebook() -> Trace:
    """Work the backward pass of the LSTM."""
    rng = np.random.RandomState(1)
    x, a0 = rng.randn(3, 10, 7), rng.randn(5, 10)
    parameters: dict[str, Any] = {}
    for gate in "fiog":
        joined, bias = rng.randn(5, 8), rng.randn(5, 1)
        parameters |= {f"W_h{gate}": joined[:, :5], f"W_x{gate}": joined[:, 5:], f"b_{gate}": bias[:, 0]}
    return _exercise("lstm", parameters, x, a0, rng.randn(5, 10, 4))
