"""Measure networks before memory is allocated: build them on torch's meta device, which stores no numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from elman.errors import InputError, is_out_of_memory
from elman.limits import PARAMETERS
from elman.quoting import quote

Network = TypeVar("Network", bound=nn.Module)
COPIES = 11
"""Training holds weights, gradients, two means of those (Adam's), the weights' running mean, and the best weights; a
checkpoint copies all but the gradients."""
_MEMORY = Path("/proc/meminfo")


def build(make: Callable[[], Network], weights: dict[str, Tensor] | None = None) -> Network:
    """Return the network that `make` makes, after seeing that there is room for it.

    Args:
        make: makes the network; called twice.
        weights: the tensors of a file that the network will hold; None where it will be trained.

    Raises:
        InputError: the network is larger than the limit or the free memory, or `weights` are those of another one.
    """
    with torch.device("meta"), _Unfilled():
        plan = make()
    if weights is not None:
        check_weights(plan, weights)
    _check_size(plan, COPIES if weights is None else 1)
    try:
        return make()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(f"network: no memory for {_described(plan)}: {_ADVICE}") from error


class _Unfilled(TorchFunctionMode):
    """Leaves out `torch.nn.init`: a tensor without numbers has none to draw, and torch would import its compiler."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if kwargs and func.__module__ == "torch.nn.init":
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


_ADVICE = "take a smaller hidden, fewer layers or a smaller embedding"


def check_weights(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """See that tensors have the names, shapes and types of a network's own; it may be on the meta device.

    Raises:
        InputError: they do not; the message names the first difference.
    """
    own = network.state_dict()
    for name in sorted({*own, *weights}):
        if name not in weights:
            raise InputError(f"the tensor {quote(name)} is missing")
        if name not in own:
            raise InputError(f"the tensor {quote(name)} is none of the network's")
        check_like(name, weights[name], own[name])


def check_finite(tensors: dict[str, Tensor]) -> None:
    """See that every number is finite.

    Raises:
        InputError: one is not; the message names the tensor.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise InputError(f"the tensor {quote(name)}: expected finite numbers, got others")


def check_shapes(tensors: dict[str, Tensor], wanted: dict[str, tuple[int, ...]]) -> None:
    """See that tensors of fractions have the names and shapes that are wanted.

    Raises:
        InputError: they do not; the message names the first difference.
    """
    for name in sorted({*tensors, *wanted}):
        found = tensors.get(name)
        if found is None or found.shape != wanted.get(name) or not found.is_floating_point():
            got = "nothing" if found is None else f"{found.dtype}, {quote(tuple(found.shape))}"
            raise InputError(f"the tensor {quote(name)}: expected {wanted.get(name, 'none')}, got {got}")


def check_like(name: str, found: Tensor, wanted: Tensor) -> None:
    """See that a tensor has the shape of another one, and its kind of numbers.

    Raises:
        InputError: it does not.
    """
    if found.shape != wanted.shape:
        raise InputError(f"the tensor {quote(name)}: expected {tuple(wanted.shape)}, got {quote(tuple(found.shape))}")
    if found.dtype != wanted.dtype and not (found.is_floating_point() and wanted.is_floating_point()):
        raise InputError(f"the tensor {quote(name)}: expected {wanted.dtype}, got {found.dtype}")


def _check_size(network: nn.Module, copies: int) -> None:
    tensors = [*network.parameters(), *network.buffers()]
    count, size = sum(t.numel() for t in tensors), sum(t.numel() * t.element_size() for t in tensors)
    if count > PARAMETERS:
        raise InputError(f"network: {_described(network)}, the limit is {PARAMETERS:,} parameters: {_ADVICE}")
    free = _free_memory()
    if free is not None and copies * size > free:
        raise InputError(
            f"network: {_described(network)}, {copies} times that is needed, and {free / 1e9:,.1f} GB are free: "
            f"{_ADVICE}"
        )


def _described(network: nn.Module) -> str:
    tensors = [*network.parameters(), *network.buffers()]
    size = sum(t.numel() * t.element_size() for t in tensors)
    return f"{sum(t.numel() for t in tensors):,} parameters are {size / 1e9:,.1f} GB"


def _free_memory() -> int | None:
    """Return the bytes that the system can still give; None where it does not say."""
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
