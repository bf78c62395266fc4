"""Give access to one call of one recurrent module, or to several joined into one sequence."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recording.steps import Parts, Steps

FORWARD, REVERSE = "forward", "reverse"
# Attributes of the last layer's forward direction that a call and a record have as their own.
_SHOWN = ("h", "c", "h_0", "c_0", "gates", "dh", "dc", "dgates", "mask", "lengths", "x")


class Call:
    """One call of one recurrent module.

    `call[0]`, `call[-1]` and `call[0, "reverse"]` are the `Steps` of a layer; `call.h` and the others are those of the
    last layer, forward.

    Attributes:
        name: The module's name in the model, "" where the model is the layer.
    """

    def __init__(self, name: str, steps: dict[tuple[int, str], Steps]) -> None:
        self.name = name
        self.steps = steps

    def __getitem__(self, key: Any) -> Steps:
        layer, direction = key if isinstance(key, tuple) and len(key) == 2 else (key, FORWARD)
        if isinstance(layer, int) and layer < 0:
            layer += 1 + max(k for k, _ in self.steps)
        found = self.steps.get((layer, direction))
        if found is None:
            raise InputError(f"record: {self.name or 'the module'} has {_list(self.steps)}; got {key!r}")
        return found

    def __getattr__(self, name: str) -> Any:
        return shown(self, name)

    def share(self, name: str, t: int) -> Tensor:
        """Return the part that step t adds to the gradient of a parameter; see `Steps.share`.

        Args:
            name: The parameter, as the layer calls it: "weight_hh_l0", "bias_ih_l1_reverse".
            t: The step.
        """
        parts = re.fullmatch(r"(\w+)_l(\d+)(_reverse)?", name)
        if parts is None:
            raise InputError(f"record: expected a parameter's name such as weight_hh_l0, got {name!r}")
        return self[int(parts[2]), REVERSE if parts[3] else FORWARD].share(parts[1], t)


def _list(keys: Collection[tuple[int, str]]) -> str:
    return ", ".join(f"layer {layer} {direction}" for layer, direction in keys)


def shown(of: Any, name: str) -> Any:
    """Return an attribute of the last layer's steps, forward, for a call or a record that has none of that name."""
    if name not in _SHOWN:
        raise AttributeError(f"{type(of).__name__!r} object has no attribute {name!r}")
    return getattr(of[-1], name)


class Joined(Parts):
    """Calls of one module, joined along time, such as those of a loop that calls a layer once a step.

    It has the parts of `Steps`, for the last layer, forward; T is the steps of all calls. A call that no gradient
    reached has gradients of 0, as long as some call has one.

    Args:
        calls: At least one, in their order.
        layer: The index of the layer in the module.
    """

    reverse = False

    def __init__(self, calls: Sequence[Call], layer: int = -1) -> None:
        self._calls = calls
        self._steps = [call[layer] for call in calls]
        if len(calls) > 1 and any((0, "reverse") in call.steps for call in calls):
            raise InputError(
                "record: expected calls in one direction to join, got calls in both: each begins at its own end"
            )
        sizes = sorted({part.mask.shape[1] for part in self._steps})
        if len(sizes) > 1:
            raise InputError(f"record: expected calls with one batch size to join, got {sizes}: join calls of one size")

    def __getitem__(self, layer: int) -> "Joined":
        return Joined(self._calls, layer)

    def __repr__(self) -> str:
        return f"<Joined: {len(self._steps)} calls, {len(self.mask)} steps>"

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names that `dgates` has."""
        return self._steps[0].gate_names

    @property
    def mask(self) -> Tensor:
        """True where a sequence has a step, (T, B), bool."""
        return torch.cat([part.mask for part in self._steps])

    def _part(self, name: str) -> Tensor:
        if name.startswith("d"):
            return self._gradient(lambda part: part._part(name))
        return torch.cat([part._part(name) for part in self._steps])

    def _initial(self, name: str) -> Tensor:
        return self._steps[0]._initial(name)

    def _gradient(self, get: Callable[[Steps], Tensor]) -> Tensor:
        """Return the gradients of all calls, with 0 for calls that no gradient reached.

        Raises:
            InputError: No call has one.
        """
        found: list[Tensor | None] = []
        for part in self._steps:
            try:
                found.append(get(part))
            except InputError:
                found.append(None)
        some = next((value for value in found if value is not None), None)
        if some is None:
            return get(self._steps[0])
        rows = [len(part.mask) for part in self._steps]
        zeros = (some.new_zeros(count, *some.shape[1:]) for count in rows)
        return torch.cat([zero if value is None else value for value, zero in zip(found, zeros, strict=True)])
