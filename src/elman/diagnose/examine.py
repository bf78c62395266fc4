"""The examination: runs every measurement of this room on a case, in turn."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.diagnose.birth import Birth, find_birth
from elman.diagnose.case import Case, Loss, Watch, recurrent_modules
from elman.diagnose.findings import Findings, LayerFindings
from elman.diagnose.gates import KEEPS, look_at
from elman.diagnose.jacobian import Gains, gains
from elman.diagnose.measure import Floats, Key, Pass, gradient_of, lag_curves, norms, run_whole
from elman.diagnose.outputs import by_step
from elman.diagnose.spectrum import spectra


def examine(case: Case, *, limit: int, seed: int, watch: Watch) -> Findings:
    """Measure everything on a case that has been checked."""
    watch("whole loss", 0.0)
    whole = run_whole(case, limit)
    birth = find_birth(case, whole)
    watch("one step of the loss", 0.15)
    curves = {} if birth else lag_curves(case, whole, limit)
    keys, layers = whole.record.names, []
    for done, key in enumerate(keys):
        watch(label(key, keys), 0.4 + 0.5 * done / len(keys))
        layers.append(_layer(case, whole, key, curves.get(key), birth, limit, seed))
    watch("other batches", 0.9)
    found = [_norm(list(whole.gradients.values())), *(_norm_of(case, loss) for loss in case.others)]
    first = whole.record[keys[0]]
    return Findings(
        layers,
        steps=max(len(layer.by_step) for layer in layers),
        batch=first.h.shape[1],
        loss=whole.loss,
        gradient_norm=found[0],
        loss_steps=_loss_steps(case, whole),
        norms=found,
        clip=case.clip,
        clipped_share=_clipped(case, found),
        truncation=case.truncation,
        birth=birth,
    )


def label(key: Key, keys: list[Key]) -> str:
    """Return what a reader calls a layer: its module, and its number and direction where there are several."""
    name, layer, direction = key
    several = sum(k[0] == name and k[2] == direction for k in keys) > 1
    both = sum(k[0] == name and k[1] == layer for k in keys) > 1
    words = [name, f"layer {layer}" if several or not name else "", direction if both else ""]
    return " ".join(word for word in words if word)


def _layer(
    case: Case, whole: Pass, key: Key, curve: Floats | None, birth: Birth | None, limit: int, seed: int
) -> LayerFindings:
    name, layer, direction = key
    module, steps = recurrent_modules(case.network)[name], whole.record[key]
    measured: Gains | None = None if birth else gains(module, layer, steps, limit=limit, seed=seed)
    return LayerFindings(
        key,
        label(key, whole.record.names),
        module.mode,
        np.empty(0) if curve is None else curve,
        norms((gradient_of(steps),)) * _as_if_whole(steps),
        spectra(module, layer, direction == "reverse"),
        measured,
        look_at(steps, module.mode),
        np.asarray(_keeping(steps, module.mode)[: int(steps.lengths[0]), 0].double().cpu()),
    )


def _as_if_whole(steps: Any) -> Floats:
    """What makes the norm over the rows that have a step that of a whole batch, (T,)."""
    return np.asarray((steps.mask.shape[1] / steps.mask.sum(1)).double().sqrt())


def _keeping(steps: Any, mode: str) -> Tensor:
    """The gate that keeps the memory, (T, B, H), or the state of an RNN."""
    return steps.gates[KEEPS[mode]] if mode in KEEPS else steps.h  # type: ignore[no-any-return]


def _loss_steps(case: Case, whole: Pass) -> float:
    """Share of the last module's steps whose output the loss uses."""
    name, direct = list(whole.direct.items())[-1]
    if direct.y is None:
        return 1 / len(whole.record[name, 0].h)
    steps, live = by_step(direct.y, direct.batch_sizes, recurrent_modules(case.network)[name])
    return float(steps.any(-1)[live].double().mean())


def _norm(gradients: list[Tensor]) -> float:
    return math.sqrt(sum(float(grad.double().square().sum()) for grad in gradients))


def _norm_of(case: Case, loss: Loss) -> float:
    parameters = [p for p in case.network.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss(), parameters, allow_unused=True)
    return _norm([grad for grad in found if grad is not None])


def _clipped(case: Case, found: list[float]) -> float | None:
    if case.clipped_share is not None or case.clip is None:
        return case.clipped_share
    return sum(not norm <= case.clip for norm in found) / len(found)
