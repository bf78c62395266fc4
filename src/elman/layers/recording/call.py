"""Give access to one call of one recurrent module, with shortcuts to its last layer."""

import re
from collections.abc import Collection
from typing import Any

from torch import Tensor

from elman.errors import InputError
from elman.layers.recording.steps import Steps

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
