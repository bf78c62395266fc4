"""Measure the size of the gradient at each step, and the bound that the recurrent weights give.

A spectral radius above 1 does not make a gradient explode, nor one below 1 make it vanish at once: the slope of the
activation matters too. So each bound is printed next to the actual number.
"""

from dataclasses import dataclass

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.sheet.names import Array

_MAX_SLOPE = {"tanh": 1.0, "relu": 1.0, "identity": 1.0, "sigmoid": 0.25}


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Hold spectral radius and norm of a recurrent matrix."""

    name: str
    radius: float
    norm: float


@dataclass(frozen=True, slots=True)
class Product:
    """Hold the norm of the product of the steps' Jacobians, and the bound from the norms of W_hh and of the slopes."""

    first: int
    last: int
    actual: float
    bound: float


def sizes(calculation: Calculation, example: int | None) -> list[tuple[Value, float]]:
    """Return |dh_t| for every state of an example that has a gradient, in the order of layers, then time."""
    states = [v for v in calculation if v.name.symbol == "h" and v.name.gradient and v.name.example == example]
    ordered = sorted(states, key=lambda v: (v.name.layer, v.name.reverse, v.name.t))
    return [(value, float(np.linalg.norm(value.array))) for value in ordered]


def spectra(calculation: Calculation) -> list[Spectrum]:
    """Return the recurrent matrices with their spectral radius and largest singular value."""
    return [
        _spectrum(v)
        for v in calculation
        if v.phase == "parameter" and v.name.symbol.startswith("W_h") and v.name.symbol != "W_hy"
    ]


def _spectrum(value: Value) -> Spectrum:
    radius = float(np.abs(np.linalg.eigvals(value.array)).max())
    return Spectrum(value.id, radius, float(np.linalg.norm(value.array, 2)))


def product(calculation: Calculation, example: int | None) -> Product | None:
    """Return the product of Jacobians dh_T/dh_1 of a plain cell with one layer and one direction; None for others."""
    problem = calculation.problem
    length = problem.sequences[(example or 1) - 1].length
    if problem.cell != "rnn" or problem.sheet.layers > 1 or problem.sheet.bidirectional or length < 2:
        return None
    prefix, weights = "" if example is None else f"{example}/", calculation["W_hh"].array
    jacobian = np.eye(problem.hidden)
    for t in range(2, length + 1):
        slope = _slope(
            problem.sheet.activation, calculation[f"{prefix}a.{t}"].array, calculation[f"{prefix}h.{t}"].array
        )
        jacobian = (slope[:, None] * weights) @ jacobian
    bound = (_MAX_SLOPE[problem.sheet.activation] * float(np.linalg.norm(weights, 2))) ** (length - 1)
    return Product(1, length, float(np.linalg.norm(jacobian, 2)), bound)


def _slope(activation: str, a: Array, h: Array) -> Array:
    slopes = {"tanh": 1 - h * h, "sigmoid": h * (1 - h), "relu": (a > 0) * 1.0, "identity": a * 0 + 1}
    return np.array(slopes[activation], dtype=np.float64)
