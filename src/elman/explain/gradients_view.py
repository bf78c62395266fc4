"""The gradients of a trace as a mapping, and their comparison with torch's autograd."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from elman.errors import InputError
from elman.explain.expr import Array

if TYPE_CHECKING:
    from elman.explain.autograd import Comparison
    from elman.explain.trace import Trace


class Gradients(Mapping[str, Array]):
    """The gradient of the loss with respect to every parameter and embedding, by id: `dW_hh`, `dE.love`."""

    def __init__(self, trace: "Trace") -> None:
        self._trace = trace
        names = (value.name.d().id for value in trace if value.phase == "parameter")
        self._arrays = {name: trace[name].array for name in names if name in trace.values}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def compare(self) -> "Comparison":
        """Compute the same forward pass in torch, in double precision, and compare with its autograd. Needs torch."""
        if "loss" not in self._trace.values:
            raise InputError("gradients: the sheet has no loss, so there is nothing to compare; give loss and target")
        from elman.explain.autograd import compare

        return compare(self._trace)
