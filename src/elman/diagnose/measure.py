"""What one batch shows: two kinds of gradients by step, recorded layer by layer.

From the whole loss: what every state's gradient is in training. From one step: the gradient that the loss sends into
the last step's output alone, followed back through time; so its norm by lag is what the recurrence itself does to a
gradient, with nothing fed in on the way. A layer in reverse is followed from its own last step, which is the first.

Everything here runs in the order in which a layer walks: step 0 is where it begins, in reverse the last step in time.
Sequences of a batch may differ in length: each is followed from its own last step, and none counts where it has ended.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import RNNBase
from torch.nn.utils.rnn import PackedSequence

from elman.diagnose.case import Case, recurrent_modules
from elman.diagnose.outputs import Outputs, at_one_step, each
from elman.errors import InputError
from elman.layers import record

Floats = npt.NDArray[np.float64]
Key = tuple[str, int, str]
"""Name of a module, number of its layer, "forward" or "reverse": what a record calls one layer in one direction."""


@dataclass(frozen=True)
class Pass:
    """One run of the batch.

    Attributes:
        loss: what it gave.
        record: every step of every layer; its gradients are there unless the loss is not finite.
        gradients: of the parameters, by name, where they have one.
        direct: of each recurrent module's outputs, what the loss sends into them from outside the module.
    """

    loss: float
    record: Any
    gradients: dict[str, Tensor]
    direct: dict[str, Outputs]


def run_whole(case: Case, limit: int) -> Pass:
    """Run the batch forward and backward, everything recorded; no parameter's own `.grad` is touched."""
    with _recorded(case, limit) as (rec, outputs):
        loss = case.loss()
    names = [name for name, p in case.network.named_parameters() if p.requires_grad]
    parameters = [p for p in case.network.parameters() if p.requires_grad]
    flat = [t for out in outputs.values() for t in (out.y, *out.final) if t is not None and t.requires_grad]
    found = iter(torch.autograd.grad(loss, [*parameters, *flat], allow_unused=True))
    gradients = {name: grad for name in names if (grad := next(found)) is not None}
    direct = {name: each(out, lambda t: next(found) if t.requires_grad else None) for name, out in outputs.items()}
    return Pass(float(loss.detach()), rec, gradients, direct)


def lag_curves(case: Case, whole: Pass, limit: int) -> dict[Key, Floats]:
    """Return the norm of the gradient by each state, by lag, with the loss at one step alone; for every layer reached.

    The state is h, or for an LSTM h and c side by side; the norm is over batch and units.
    """
    curves: dict[Key, Floats] = {}
    modules = recurrent_modules(case.network)
    for name in reversed(list(whole.direct)):
        for reverse in (False, True) if modules[name].bidirectional else (False,):
            both = not modules[name].bidirectional
            wanted = {key for key in whole.record.names if both or (key[2] == "reverse") == reverse} - curves.keys()
            if any(key[0] == name for key in wanted):
                rec = _send_back_one_step(case, name, modules[name], whole.direct[name], reverse, limit)
                if rec is not None:
                    curves |= {key: curve for key in wanted if len(curve := _by_lag(rec[key]))}
    return curves


def state_gradients(steps: Any) -> tuple[Tensor, ...]:
    """Return dL/dh_t, and for an LSTM dL/dc_t with h_t held still, each (T, B, H), in walking order.

    A record's dc is total: it holds what c_t does through h_t at the same step. What it does beside h_t it does through
    the next step's forget gate. The gradient of the last c is left at zero.
    """
    dh = walked(gradient_of(steps), steps.reverse)
    if "f" not in steps.gates:
        return (dh,)
    if not dh.any():
        return (dh,)
    dc, forget = walked(steps.dc, steps.reverse), walked(steps.gates["f"], steps.reverse)
    alone = torch.zeros_like(dc)
    alone[:-1] = forget[1:] * dc[1:]
    return dh, alone


def gradient_of(steps: Any) -> Tensor:
    """Return dL/dh_t, (T, B, H); zeros where no gradient came to the layer."""
    try:
        found: Tensor = steps.dh
    except InputError:
        found = torch.zeros_like(steps.h)
    return found


def norms(parts: Sequence[Tensor]) -> Floats:
    """Return the 2-norm over batch and units at each step, (T,)."""
    squares = sum(part.double().square().flatten(1).sum(1) for part in parts)
    return np.asarray(torch.as_tensor(squares).sqrt().cpu().numpy(), dtype=np.float64)


def walked(tensor: Tensor, reverse: bool) -> Tensor:
    """Return (T, ...) in the order in which the layer walks."""
    return tensor.flip(0) if reverse else tensor


def _by_lag(steps: Any) -> Floats:
    """The norm from each row's last step with a gradient back to its first step.

    Rows that are shorter than others drop out on the way: the change over k steps is that of the rows that have them.
    """
    parts = state_gradients(steps)
    squares = np.asarray(sum(part.double().square().sum(2) for part in parts).cpu())  # type: ignore[union-attr]
    there, live = squares > 0, np.asarray(walked(steps.mask, steps.reverse))
    rows = np.flatnonzero(there.any(0))
    if not len(rows):
        return np.empty(0)
    last = len(squares) - 1 - there[::-1, rows].argmax(0)
    lags = (last - live[:, rows].argmax(0)).max() + 1
    at = last - np.arange(lags)[:, None]
    reached = (at >= 0) & live[at, rows]
    at_loss, found = squares[last, rows], np.where(reached, squares[at, rows], 0).sum(1)
    return np.asarray(np.sqrt(at_loss.sum() * (found / (reached * at_loss).sum(1))))


def _send_back_one_step(
    case: Case, name: str, module: RNNBase, direct: Outputs, reverse: bool, limit: int
) -> Any | None:
    """A record of the batch in which the loss's gradient enters `name` at the last step of its walk alone."""
    kept = at_one_step(module, direct, reverse)
    if kept is None:
        return None
    with _recorded(case, limit) as (rec, outputs):
        case.loss()
    out = outputs[name]
    pairs = [
        (tensor, grad)
        for tensor, grad in zip((out.y, *out.final), (kept.y, *kept.final), strict=True)
        if tensor is not None and grad is not None
    ]
    parameters = [p for p in case.network.parameters() if p.requires_grad]
    tensors, grads = zip(*pairs, strict=True)
    torch.autograd.grad(tensors, parameters, grads, allow_unused=True)
    return rec


@contextmanager
def _recorded(case: Case, limit: int) -> Iterator[tuple[Any, dict[str, Outputs]]]:
    """Run with a record and the outputs of every recurrent module, in the order of their last calls."""
    outputs: dict[str, Outputs] = {}
    with ExitStack() as stack:
        for name, module in recurrent_modules(case.network).items():
            stack.enter_context(_hooked(module, _keep_in(outputs, name)))
        rec = stack.enter_context(record(case.network, limit=limit))
        yield rec, outputs


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., None]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _keep_in(outputs: dict[str, Outputs], name: str) -> Callable[..., None]:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        y, state = output
        outputs.pop(name, None)
        parts = (state,) if isinstance(state, Tensor) else tuple(state)
        packed = isinstance(y, PackedSequence)
        outputs[name] = Outputs(y.data if packed else y, parts, y.batch_sizes if packed else None)

    return hook
