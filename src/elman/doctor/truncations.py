"""Measure how much of the full gradient truncated backpropagation through time keeps, for a range of k2.

The gradient of BPTT(k1, k2), summed over the windows of a batch with fixed weights, is compared with that of the same
loss without truncation: the cosine of the angle between them, and the ratio of their norms.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import RenderableType
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from elman.bptt import Position, Truncated
from elman.doctor.diagnosis import Table
from elman.doctor.probe import LIMIT, ProgressCallback, silent, too_large, without_dropout
from elman.doctor.render import as_text, grid, plain, write_json
from elman.doctor.windowed_probe import WindowedProbe, make_windowed_probe
from elman.errors import InputError

KEEPS = 0.95
"""A truncation keeps the gradient if the cosine and the ratio of the norms are both at least this."""


@dataclass(frozen=True)
class Truncation:
    """Hold the gradient of one BPTT(k1, k2) compared with the full gradient.

    Attributes:
        k1: steps between two backward passes.
        k2: steps that gradients reach back.
        cosine: cosine of the angle between its gradient and the full one, over all parameters; 1 is the same direction.
        ratio: its norm divided by that of the full one.
        seconds: time for the whole batch, forward and backward.
        bytes: memory that its largest window keeps for the backward pass, without parameters.
    """

    k1: int
    k2: int
    cosine: float
    ratio: float
    seconds: float
    bytes: int

    @property
    def keeps(self) -> bool:
        """Say whether it keeps 95 % of the gradient: cosine and ratio both at least 0.95."""
        return self.cosine >= KEEPS and self.ratio >= KEEPS


@dataclass(frozen=True)
class TruncationReport:
    """Hold the result of `elman.truncation`: a range of truncations.

    Attributes:
        steps: T; k2 = T truncates nothing.
        truncations: one for each k2, the shortest first; the last is the full gradient itself.
        norm: the norm of the full gradient.
    """

    steps: int
    truncations: list[Truncation]
    norm: float

    @property
    def enough(self) -> int:
        """Return the smallest k2 that keeps 95 % of the gradient, as does every longer one that was tried."""
        found = self.steps
        for one in reversed(self.truncations):
            if not one.keeps:
                break
            found = one.k2
        return found

    def __rich__(self) -> RenderableType:
        return grid(self.table())

    def __str__(self) -> str:
        return as_text(self)

    def table(self) -> Table:
        """Return a row for each truncation."""
        rows = [
            [
                str(one.k1),
                str(one.k2),
                f"{one.cosine:.4f}",
                f"{one.ratio:.4f}",
                f"{one.seconds:.3f}",
                f"{one.bytes / 2**20:.2f}",
            ]
            for one in self.truncations
        ]
        return Table(
            f"Truncated backpropagation over {self.steps:,} steps, compared with the full gradient",
            ["k1", "k2", "cosine", "norm ratio", "seconds", "MiB kept"],
            rows,
            f"Gradients have to reach back k2 = {self.enough} steps to keep 95 % (cosine and norm ratio 0.95 or more).",
        )

    def save(self, path: str | Path) -> None:
        """Write every number to a .json file.

        Raises:
            InputError: the name ends otherwise.
            ModelFileError: the file cannot be written.
        """
        place = Path(path)
        if place.suffix.lower() != ".json":
            raise InputError(f"{path}: expected a name that ends in .json")
        write_json(place, plain(asdict(self) | {"enough": self.enough}))


def truncation(
    model: Any,
    batch: Any,
    *,
    loss: Callable[[Any, Any], Tensor] | None = None,
    ks: Iterable[int] | None = None,
    k1: int | None = None,
    limit: int = LIMIT,
    progress: ProgressCallback = silent,
) -> TruncationReport:
    """Measure how much of the gradient truncated backpropagation through time keeps.

    Args:
        model: a network that has a target at every step, called with the inputs alone; or a model of Elman's.
        batch: a pair of tensors, inputs (T, B, ...) or (B, T, ...) with batch_first, and targets in the same order; for
            a model of Elman's its data.
        loss: `loss(outputs, targets)`, a mean over steps.
        ks: values of k2 to try; 1, 2, 4, ... by default. The full length, T, is always added.
        k1: steps between updates; None for k1 = k2.
        limit: largest memory of a window for the backward pass in bytes, 2 GiB by default.
        progress: called with a description of the current work and the fraction that is done.

    Raises:
        InputError: the model has no recurrent layer or cannot be run in windows; the batch does not fit it; a k is
            below 1 or below k1; the full gradient needs more than `limit`.

    Example:
        >>> import elman
        >>> layer = elman.LSTM(3, 8)
        >>> inputs, targets = torch.randn(50, 4, 3), torch.randn(50, 4, 8)
        >>> found = elman.truncation(layer, (inputs, targets), loss=torch.nn.MSELoss(), ks=[1, 10])
        >>> [one.k2 for one in found.truncations]
        [1, 10, 50]
    """
    probe = make_windowed_probe(model, batch, loss)
    steps = probe.source.length
    reaches = [*sorted({k for k in (_doubling(steps) if ks is None else ks) if k < steps}), steps]
    if k1 is not None and k1 < 1:
        raise InputError(f"k1: expected 1 or more, got {k1}")
    if reaches[0] < max(1, k1 or 1):
        raise InputError(f"ks: expected {k1 or 1} or more steps, got {reaches[0]}: a gradient has to cover its window")
    with without_dropout(probe.network):
        _refuse_too_large(probe, limit)
        runs = []
        for done, k in enumerate(reaches):
            progress(f"reach of {k} steps", done / len(reaches))
            runs.append(_run(probe, k if k == steps else k1 or k, k))
    full = runs[-1][0]
    truncations = [
        Truncation(
            k if k == steps else k1 or k,
            k,
            _cosine(gradient, full),
            float(gradient.norm() / full.norm()),
            seconds,
            kept,
        )
        for k, (gradient, seconds, kept) in zip(reaches, runs, strict=True)
    ]
    return TruncationReport(steps, truncations, float(full.norm()))


def _doubling(steps: int) -> list[int]:
    return [2**n for n in range(steps.bit_length())]


def _run(probe: WindowedProbe, k1: int, k2: int) -> tuple[Tensor, float, int]:
    """Return the whole gradient in double precision, flat; the seconds; and the bytes that the largest window keeps."""
    through = Truncated(probe.source, min(k1, probe.source.length), k2)
    parameters = [p for p in probe.network.parameters() if p.requires_grad]
    total = probe.source.count(0, probe.source.length)
    sums = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]
    position, begin = Position(), time.perf_counter()
    while not through.ended(position):
        reach = through.run(probe.recur, position)
        loss = probe.loss(reach) * (reach.count / total)
        for k, part in enumerate(torch.autograd.grad(loss, parameters, allow_unused=True)):
            if part is not None:
                sums[k] += part
        position = reach.after
    seconds = time.perf_counter() - begin
    return torch.cat([part.flatten() for part in sums]), seconds, _kept(probe, through)


def _kept(probe: WindowedProbe, through: Truncated) -> int:
    """Return the bytes that the longest of the first windows keeps for its backward pass."""
    own = {p.untyped_storage().data_ptr() for p in probe.network.parameters()}
    most, position = 0, Position()
    for _ in range(min(through.windows, -(-through.k2 // through.k1) + 1)):
        held: set[tuple[int, int]] = set()

        def keep(tensor: Tensor, held: set[tuple[int, int]] = held) -> Tensor:
            if tensor.untyped_storage().data_ptr() not in own:
                held.add((tensor.data_ptr(), tensor.nbytes))
            return tensor

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            reach = through.run(probe.recur, position)
            probe.loss(reach)
        position = reach.after
        most = max(most, sum(size for _, size in held))
    return most


def _refuse_too_large(probe: WindowedProbe, limit: int) -> None:
    """Raise InputError if the full gradient, estimated from two short windows, would keep more than `limit` bytes."""
    steps = probe.source.length
    one, two = (_kept(probe, Truncated(probe.source, k, k)) for k in (1, 2))
    wanted = one + max(two - one, 0) * (steps - 1)
    if wanted > limit:
        raise too_large(f"truncation: the full gradient over {steps:,} steps", wanted, limit)


def _cosine(a: Tensor, b: Tensor) -> float:
    size = a.norm() * b.norm()
    return float(a @ b / size) if size > 0 else float("nan")
