"""A trace with the numbers of the notebooks of a well-known course, which print gradients to eight places."""

from typing import Any

import numpy as np

import elman
from elman.worked.trace import Trace


def coursera(cell: str, parameters: dict[str, Any], x: np.ndarray, a0: np.ndarray, da: np.ndarray) -> Trace:
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
