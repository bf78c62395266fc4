"""Run every measurement on a probe in turn."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.doctor.findings import Findings, LayerFindings
from elman.doctor.first_nonfinite import find_first_nonfinite
from elman.doctor.flow import Gains, gains, lag_curve
from elman.doctor.gates import KEEPS, gate_statistics
from elman.doctor.measure import Floats, Key, Walk, gradient_of, norms, run_whole
from elman.doctor.probe import Loss, Probe, ProgressCallback
from elman.doctor.weights import as_initialised, spectra


def examine(probe: Probe, *, limit: int, seed: int, progress: ProgressCallback) -> Findings:
    """Measure everything on a probe that has been checked."""
    progress("whole loss", 0.0)
    whole = run_whole(probe, limit)
    first_nonfinite = find_first_nonfinite(probe, whole)
    keys, layers = list(whole.walks), []
    for done, (key, walk) in enumerate(whole.walks.items()):
        progress(label(key, keys), 0.2 + 0.7 * done / len(keys))
        layers.append(_layer(key, keys, walk, first_nonfinite is None, limit, seed))
    progress("other batches", 0.9)
    found = [_norm(list(whole.gradients.values())), *(_norm_of(probe, loss) for loss in probe.others)]
    return Findings(
        layers,
        steps=max(len(layer.by_step) for layer in layers),
        batch=next(iter(whole.walks.values())).steps.mask.shape[1],
        loss=whole.loss,
        gradient_norm=found[0],
        loss_steps=whole.loss_steps,
        norms=found,
        clip=probe.clip,
        clipped_share=_clipped(probe, found),
        truncation=probe.truncation,
        first_nonfinite=first_nonfinite,
        fresh=not probe.trained and as_initialised([walk.module for walk in whole.walks.values()]),
        unfollowed=whole.unfollowed | probe.hidden,
    )


def label(key: Key, keys: list[Key]) -> str:
    """Return the name of a layer in the report: its module, and its number and direction where there are several."""
    name, layer, direction = key
    several = sum(k[0] == name and k[2] == direction for k in keys) > 1
    both = sum(k[0] == name and k[1] == layer for k in keys) > 1
    words = [name, f"layer {layer}" if several or not name else "", direction if both else ""]
    return " ".join(word for word in words if word)


def _layer(key: Key, keys: list[Key], walk: Walk, finite: bool, limit: int, seed: int) -> LayerFindings:
    _, layer, direction = key
    module, steps = walk.module, walk.steps
    measured: Gains | None = gains(module, layer, steps, limit=limit, seed=seed) if finite else None
    return LayerFindings(
        key,
        label(key, keys),
        module.mode,
        lag_curve(walk, layer, limit) if finite else np.empty(0),
        norms((gradient_of(steps),)) * _as_if_whole(steps),
        spectra(module, layer, direction == "reverse"),
        measured,
        gate_statistics(steps, module.mode),
        np.asarray(_keeping(steps, module.mode)[: int(steps.lengths[0]), 0].double().cpu()),
        walk.read_after,
    )


def _as_if_whole(steps: Any) -> Floats:
    """Return the factor that scales a norm over the rows that have a step to a whole batch, (T,)."""
    return np.asarray((steps.mask.shape[1] / steps.mask.sum(1)).double().sqrt())


def _keeping(steps: Any, mode: str) -> Tensor:
    """Return the gate that keeps the memory, (T, B, H), or the state of an RNN."""
    return steps.gates[KEEPS[mode]] if mode in KEEPS else steps.h  # type: ignore[no-any-return]


def _norm(gradients: list[Tensor]) -> float:
    return math.sqrt(sum(float(grad.double().square().sum()) for grad in gradients))


def _norm_of(probe: Probe, loss: Loss) -> float:
    parameters = [p for p in probe.network.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss(), parameters, allow_unused=True)
    return _norm([grad for grad in found if grad is not None])


def _clipped(probe: Probe, found: list[float]) -> float | None:
    if probe.clipped_share is not None or probe.clip is None:
        return probe.clipped_share
    return sum(not norm <= probe.clip for norm in found) / len(found)
