"""Keep the values and gradients of one call of one layer in one direction; the backend fills them in.

A layer that is recorded makes a trace and passes it to `run`. It holds rows: the leading dimensions are those of x,
(T, B) or, for a packed batch, (N,). This module knows nothing of cells or time.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

import torch
from torch import Tensor

from elman.errors import InputError

PARTS: Final = ("h", "c", "gates", "dh", "dc", "dgates")


class Trace:
    """The values of a forward pass, and the sums of the gradients of its backward passes.

    Args:
        keep: The names of the parts to keep, of `PARTS`; `x`, `h_0` and `c_0` are added where they are needed.

    Attributes:
        keep: The same.
    """

    def __init__(self, keep: Collection[str] = PARTS) -> None:
        self.keep = frozenset(keep)
        self._gradients = torch.is_grad_enabled()
        self._values: dict[str, Tensor] = {}
        self._versions: dict[str, int] = {}
        self._derivations: dict[str, Callable[[Trace], Tensor]] = {}

    def put(self, values: Mapping[str, Tensor | None]) -> None:
        """Keep the inputs and results of the forward pass, without copying them."""
        needed = self.keep | ({"h_0"} if "h" in self.keep else set()) | ({"c_0"} if "c" in self.keep else set())
        needed |= {"x"} if "dgates" in self.keep and self._gradients else set()
        for name, value in values.items():
            if value is not None and name in needed:
                self._values[name] = value.detach()
                if not value.is_inference():
                    self._versions[name] = value._version

    def add(self, values: Mapping[str, Tensor | None]) -> None:
        """Add the gradients of one backward pass to those of the passes before, as `.grad` does."""
        for name, value in values.items():
            if value is not None and name in self.keep:
                self._values[name] = self._values[name] + value if name in self._values else value
        for name in self._derivations:
            self._values.pop(name, None)

    def derive(self, name: str, make: "Callable[[Trace], Tensor]") -> None:
        """Compute a gradient from other parts when it is read, so that the kernels need not write it.

        `make` gets this trace as its argument: a closure over it would keep its memory until the next collection.
        """
        self._derivations[name] = make

    def sum_for(self, name: str, shape: torch.Size, like: Tensor) -> Tensor:
        """Return the running sum itself, zeros at first; a backend may add to parts of it."""
        if name not in self._values:
            self._values[name] = like.new_zeros(shape)
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._derivations

    def __getitem__(self, name: str) -> Tensor:
        """Return one part.

        Raises:
            KeyError: It was not kept, or never computed.
            InputError: The user has changed it in place since.
        """
        if name not in self._values and name in self._derivations:
            self._values[name] = self._derivations[name](self)
        value = self._values[name]
        if name in self._versions and value._version != self._versions[name]:
            raise InputError(
                f"record: expected {name} as the layer left it, but it was changed in place after the call. "
                "Change a copy: .clone()"
            )
        return value

    @property
    def tensors(self) -> list[Tensor]:
        """Return every tensor that is held."""
        return list(self._values.values())


def check_first_order() -> None:
    """Raise InputError in a backward pass whose own graph is wanted."""
    if torch.is_grad_enabled():
        raise InputError(
            "record: expected a backward pass without create_graph=True, whose second derivatives are not recorded. "
            "Leave the record's block for that pass"
        )
