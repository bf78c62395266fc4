"""Define one part of a stream: a layer with its sizes and a copy of its weights, as the kernels take it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from elman.kernels.stream import KINDS, Layer


@dataclass(frozen=True, eq=False)
class Part:
    """One layer of a stream.

    Weights are float32, contiguous and on the CPU, in torch's shapes.

    Attributes:
        name: The name in messages, such as "LSTM".
        kind: A name in `elman.kernels.stream.KINDS`.
        inputs: I, or None for a layer of any width, which then takes the width of the part before it.
        outputs: O, or None as for `inputs`.
        hidden: H of a recurrent layer.
        states: How many vectors a recurrent layer keeps: 2 for an LSTM, otherwise 1; 0 for other layers.
        cell: The number of a recurrent layer's equation, `elman.ops.cell.Cell.number`.
        weight_ih, weight_hh, bias_ih, bias_hh, weight_hr: The weights by the names of a recurrent layer; `weight_ih`
            and `bias_ih` are those of other layers too, and an embedding without a weight is one-hot.
        eps: Of a layer norm.
    """

    name: str
    kind: str
    inputs: int | None = None
    outputs: int | None = None
    hidden: int = 0
    states: int = 0
    cell: int = 0
    weight_ih: Tensor | None = None
    weight_hh: Tensor | None = None
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None
    eps: float = 0.0

    @property
    def state_size(self) -> int:
        """Return the number of floats that a row's state takes: h is O wide, c is H wide."""
        return (self.outputs or 0) + (self.states - 1) * self.hidden if self.states else 0

    @property
    def sizes(self) -> str:
        """Return the name and the sizes, such as "LSTM 8 -> 16"."""
        projected = f" of {self.hidden}" if self.weight_hr is not None else ""
        return f"{self.name} {self.inputs} -> {self.outputs}{projected}"

    def record(self) -> Layer:
        """Return the record of the kernels. Its addresses are valid as long as this part is."""
        return Layer(
            kind=KINDS[self.kind],
            cell=self.cell,
            I=self.inputs or 0,
            H=self.hidden,
            O=self.outputs or 0,
            weight_ih=_address(self.weight_ih),
            weight_hh=_address(self.weight_hh),
            bias_ih=_address(self.bias_ih),
            bias_hh=_address(self.bias_hh),
            weight_hr=_address(self.weight_hr),
            eps=self.eps,
        )


def one_hot(size: int) -> Part:
    """Return the part that reads symbols as vectors `(V,)` with a single one."""
    return Part("OneHot", "embedding", size, size)


def digest(parts: Sequence[Part]) -> str:
    """Return a digest of all layers, sizes and weights, in hexadecimal digits."""
    found = hashlib.sha256()
    for part in parts:
        found.update(f"{part.kind} {part.cell} {part.inputs} {part.hidden} {part.outputs} {part.eps}".encode())
        for weight in (part.weight_ih, part.weight_hh, part.bias_ih, part.bias_hh, part.weight_hr):
            found.update(b"-" if weight is None else b"+")
            if weight is not None:
                found.update(weight.numpy().data)
    return found.hexdigest()


def _address(weight: Tensor | None) -> int:
    return 0 if weight is None else weight.data_ptr()
