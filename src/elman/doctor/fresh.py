"""Recognise recurrent layers that still have torch's initial weights: uniform within 1 / sqrt(H), biases too.

An update moves weights past that bound or away from uniform, as does any other initialisation. In doubt the test says
no.
"""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import RNNBase

DOUBT = 1e-6
"""Probability that one parameter with its initial values is not recognised."""
_FAR = math.sqrt(-math.log(DOUBT / 2) / 2)
"""The Kolmogorov-Smirnov distance, times sqrt(n), that is exceeded with that probability."""
_ZEROS = 0.01
"""Fraction of exact zeros above which the parameter was set by hand."""


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
