"""Clip gradients by global norm or by value, and find where a number that is not finite first appeared.

The norm is needed for clipping and is infinite or NaN as soon as one gradient is, so reading it once a step answers
both questions. That one read is the only point where the loop waits for the device.

`first_fault` is called once, when training stops. In the forward pass, the first layer whose output is not finite is
at fault. If every output is finite, the fault arose in the backward pass, which visits the layers in reverse, so the
last layer whose gradient is not finite is at fault.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.nn.utils import get_total_norm


@dataclass(frozen=True)
class Gradients:
    """The loss and the global gradient norm of one step before clipping, and whether the gradients were clipped."""

    loss: float
    norm: float
    clipped: bool

    @property
    def finite(self) -> bool:
        """Say whether loss and every gradient are finite."""
        return math.isfinite(self.loss) and math.isfinite(self.norm)


@dataclass(frozen=True)
class Clip:
    """Clip by global norm, by value, both (value first) or neither.

    Attributes:
        norm: the largest global 2-norm of all gradients together; None leaves the norm alone.
        value: the largest magnitude of a single gradient; None leaves values alone.
    """

    norm: float | None = None
    value: float | None = None

    def __call__(self, parameters: Iterable[Parameter], loss: Tensor) -> Gradients:
        """Clip the gradients in place; gradients that are not finite are left unchanged for the caller to examine."""
        grads = [p.grad for p in parameters if p.grad is not None]
        measured = [loss.detach(), get_total_norm(grads)]
        if self.value is not None:
            measured.append(torch.stack([grad.abs().amax() for grad in grads]).amax())
        found, norm, *largest = torch.stack([m.float() for m in measured]).tolist()
        if not (math.isfinite(found) and math.isfinite(norm)):
            return Gradients(found, norm, clipped=False)
        by_value = self._clip_values(grads, largest)
        by_norm = self._clip_norm(grads, norm, by_value)
        return Gradients(found, norm, by_value or by_norm)

    def _clip_values(self, grads: list[Tensor], largest: list[float]) -> bool:
        if self.value is None or largest[0] <= self.value:
            return False
        for grad in grads:
            grad.clamp_(-self.value, self.value)
        return True

    def _clip_norm(self, grads: list[Tensor], norm: float, changed: bool) -> bool:
        if self.norm is None:
            return False
        if changed:
            norm = float(get_total_norm(grads))
        if norm <= self.norm:
            return False
        for grad in grads:
            grad.mul_(self.norm / norm)
        return True


@dataclass(frozen=True)
class Fault:
    """The first parameter and the first layer at fault; None where there is none."""

    parameter: str | None
    layer: str | None

    def __str__(self) -> str:
        parameter = f"the gradient of {self.parameter}" if self.parameter else "the loss"
        return f"{parameter} is not finite, and the first layer at fault is {self.layer or 'the loss itself'}"


def first_fault(
    network: nn.Module, forward: Callable[[], object], gradients: Mapping[str, Tensor] | None = None
) -> Fault:
    """Name the parameter and the layer at fault.

    Args:
        network: the network that failed.
        forward: runs the same step's forward pass again.
        gradients: the gradients of that step, by parameter; by default those in the network's `.grad`.
    """
    if gradients is None:
        gradients = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    parameters = [name for name, grad in gradients.items() if not finite(grad)]
    outputs: dict[str, bool] = {}
    with _watch(network, outputs), torch.no_grad():
        forward()
    broken = [name for name, good in outputs.items() if not good]
    layer: str | None
    if broken:
        layer = broken[0]
    else:
        layer = next((name for name in reversed(outputs) if _holds(network, name, parameters)), None)
    return Fault(parameters[0] if parameters else None, _describe(network, layer))


def finite(value: Any) -> bool:
    """Say whether a tensor, or every tensor in nested tuples and lists, is finite."""
    if isinstance(value, Tensor):
        return not value.is_floating_point() or bool(torch.isfinite(value).all())
    if isinstance(value, (tuple, list)):
        return all(finite(part) for part in value)
    return True


@contextmanager
def _watch(network: nn.Module, outputs: dict[str, bool]) -> Iterator[None]:
    """Note in `outputs`, in order of calling, whether each layer without children always returned finite numbers."""

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            outputs[name] = outputs.get(name, True) and finite(output)

        return hook

    leaves = [(name, module) for name, module in network.named_modules() if not any(module.children())]
    handles = [module.register_forward_hook(note(name)) for name, module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _holds(network: nn.Module, layer: str, parameters: list[str]) -> bool:
    module = network.get_submodule(layer)
    return any(f"{layer}.{name}".lstrip(".") in parameters for name, _ in module.named_parameters())


def _describe(network: nn.Module, layer: str | None) -> str | None:
    if layer is None:
        return None
    return f"{layer or 'the network'} ({type(network.get_submodule(layer)).__name__})"
