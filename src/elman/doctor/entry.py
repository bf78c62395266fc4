"""Run the examination and the verdicts in one call, `elman.diagnose`."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman.doctor.cells import cells_as_layers, runs_as_layer
from elman.doctor.examine import examine
from elman.doctor.probe import (
    LIMIT,
    Probe,
    ProgressCallback,
    make_loss,
    make_probe,
    recurrent_modules,
    silent,
    too_large,
    without_dropout,
)
from elman.doctor.report import Report
from elman.doctor.verdicts import judge
from elman.errors import DataError, InputError
from elman.layers import release
from elman.layers.adoption import adopt_silently
from elman.layers.recording import RecordTooLargeError
from elman.layers.recurrent import Recurrent


def diagnose(
    model: Any,
    batch: Any = None,
    *,
    loss: Callable[[Any, Any], Tensor] | None = None,
    others: Sequence[Any] = (),
    clip: float | None = None,
    metrics: str | Path | None = None,
    truncation: int | None = None,
    limit: int = LIMIT,
    seed: int = 0,
    progress: ProgressCallback = silent,
) -> Report:
    """Say whether a network's gradients vanish or explode through time, and why, with the evidence.

    Runs the batch with everything recorded, with dropout off, and leaves the model, its gradients and torch's random
    state unchanged. Layers of torch.nn's run as Elman's meanwhile. Calls of a layer or cell that continue from the
    final state of another call are examined as one sequence; the headline names every layer that was not followed.

    Args:
        model: a torch module with RNN, GRU or LSTM layers or single-step cells of torch.nn's or Elman's; or a model of
            Elman's.
        batch: a pair (inputs, targets), or a callable that runs the model and returns the loss; for a model of Elman's
            its data, or None where it can make its own. The model is called with the inputs: a tuple is passed as
            arguments, model(*inputs), a dictionary as arguments by name, model(**inputs).
        loss: `loss(outputs, targets)`, a scalar; with a pair only.
        others: further batches of the same kind, to measure the fraction that `clip` clips.
        clip: the global gradient norm at which training clips; a model of Elman's knows its own.
        metrics: the metrics file of a training run, NAME.metrics.jsonl, with the fraction of clipped updates.
        truncation: the number of steps that training backpropagates through; a model of Elman's knows its own.
        limit: largest size of the record in bytes, 2 GiB by default.
        seed: seed of the random directions in which Jacobians are measured.
        progress: called with a description of the current work and the fraction that is done.

    Raises:
        InputError: the model has no recurrent layer, is compiled, or is on another device than the batch; the batch
            does not fit the model; recording needs more than `limit`; a value is out of range.
        DataError: the metrics file cannot be read; the data do not fit a model of Elman's.

    Example:
        >>> import elman
        >>> network = elman.GRU(3, 8)
        >>> x = torch.randn(20, 4, 3)
        >>> report = elman.diagnose(network, (x, torch.randn(20, 4, 8)), loss=torch.nn.MSELoss())
        >>> report.healthy, report.layers[0].by_lag.shape
        (True, (20,))
    """
    for name, value in (("clip", clip), ("truncation", truncation)):
        if value is not None and not value > 0:
            raise InputError(f"{name}: expected a number above 0, got {value}")
    probe = make_probe(model, batch, loss)
    own: dict[str, Any] = {"clip": clip, "truncation": truncation, "others": _losses(probe.network, others, loss)}
    own["clipped_share"] = None if metrics is None else clipped_share(Path(metrics))
    probe = replace(probe, **{name: value for name, value in own.items() if value not in (None, ())})
    with (
        _as_elman(probe.network) as hidden,
        without_dropout(probe.network),
        torch.random.fork_rng(),
        torch.enable_grad(),
    ):
        title = _title(model, probe.network)
        try:
            findings = examine(_checked(replace(probe, hidden=hidden)), limit=limit, seed=seed, progress=progress)
        except RecordTooLargeError as error:
            raise too_large("diagnose: recording the batch", error.bytes, limit) from error
    return Report(title, probe.note, findings, judge(findings))


def clipped_share(metrics: Path) -> float:
    """Return the fraction of updates that a training run clipped, from its metrics file.

    Raises:
        DataError: there is no such file, or it has no such number.
    """
    try:
        lines = metrics.read_text(encoding="utf-8").splitlines()
        shares = [fields["clipped_share"] for line in lines if "clipped_share" in (fields := json.loads(line))]
    except (OSError, UnicodeError, ValueError) as error:
        raise DataError(f"{metrics}: cannot be read as a metrics file ({error})") from error
    if not shares:
        raise DataError(
            f"{metrics}: expected a line with clipped_share, got none: give the .metrics.jsonl of a training run"
        )
    return float(shares[-1])


def _losses(network: nn.Module, others: Sequence[Any], loss: Any) -> tuple[Callable[[], Tensor], ...]:
    return tuple(make_loss(network, batch, loss) for batch in others)


def _checked(probe: Probe) -> Probe:
    """Return the same probe with a loss that explains an error of the model or of the user's loss function."""

    def run() -> Tensor:
        try:
            return probe.loss()
        except InputError:
            raise
        except Exception as error:  # the model and the loss are the user's own code, which may raise anything
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(f"batch: expected one that the model and the loss accept, got {said}") from error

    return replace(probe, loss=run)


@contextmanager
def _as_elman(network: nn.Module) -> Iterator[dict[str, str]]:
    """Make layers and cells of torch.nn's Elman's within the block, so that they can be recorded.

    Yields the names of those that cannot be, with the reason.

    Raises:
        InputError: none can be.
    """
    replaced = adopt_silently(network)
    try:
        with cells_as_layers(network):
            left = {name: (network.get_submodule(name), why) for name, why in replaced.left.items()}
            hidden = {
                name: why for name, (m, why) in left.items() if not (isinstance(m, Recurrent) or runs_as_layer(m))
            }
            if not any(isinstance(module, Recurrent) for module in network.modules()):
                name, why = next(iter(hidden.items()))
                raise InputError(f"model: {name or 'it'} cannot be examined: {why}")
            yield hidden
    finally:
        for name in replaced:
            release(network.get_submodule(name))


def _title(model: Any, network: nn.Module) -> str:
    modules = list(recurrent_modules(network).values())
    kinds = [
        f"{m.mode.replace('RNN_TANH', 'RNN').replace('RNN_RELU', 'RNN, relu')} {m.num_layers} x {m.hidden_size}"
        for m in modules
    ]
    name = type(model).__name__
    return f"{name} ({', '.join(dict.fromkeys(kinds))})"
