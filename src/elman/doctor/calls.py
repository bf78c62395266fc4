"""Note the calls of recurrent modules in one run, and join calls that continue from the final state of another.

A decoder that calls its layer once a step is one sequence. Two calls are joined if the initial state of one is the
final state of the other, possibly through views, slices and copies: the graph leads back to it, and the values are
equal. A state that was changed, detached or reordered begins a new sequence.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import RNNBase
from torch.nn.utils.rnn import PackedSequence

from elman.layers.recurrent import Recurrent

_VIEWS = {
    f"{name}Backward"
    for name in (
        *("Alias", "AsStrided", "Clone", "Expand", "Permute", "ReshapeAlias", "Select", "Slice", "Squeeze", "T"),
        *("Transpose", "UnsafeView", "Unsqueeze", "View"),
        *("Cat", "Split", "SplitWithSizes", "Stack", "Unbind", "UnsafeSplit"),
    )
}
"""Autograd's names of operations that change no number."""

Source = tuple[int, int | None]
"""The number of a call of the module, and the index of a part of its final state; None for its output."""


@dataclass(eq=False)
class Called:
    """Hold one call of a recurrent module.

    Attributes:
        number: its index among the calls of its module.
        y: the output as the module gives it, or the packed steps (N, D*H).
        final: the final states, h and for an LSTM c, each (D*layers, B, H), or (D*layers, H) without a batch.
        given: the initial state, in the same shapes; empty for none.
        copies: copies of that state, which the module reads, so that the gradient through this call alone is known.
        batch_sizes: the number of rows at each step of a packed batch, (T,); None for any other.
        restore: the user's order of a packed batch, or None.
        continues: the source of each part of `given`; empty where the call begins a sequence.
    """

    number: int
    y: Tensor
    final: tuple[Tensor, ...]
    given: tuple[Tensor, ...]
    copies: tuple[Tensor, ...]
    batch_sizes: Tensor | None = None
    restore: Tensor | None = None
    continues: tuple[Source, ...] = field(default=())


Calls = dict[str, list[Called]]
"""Calls by module name; the module that was called last is the last."""


def by_step(y: Tensor, call: Called, module: RNNBase) -> Tensor:
    """Return a call's output, or a gradient of it, as (T, B, D*H): rows in the user's order, 0 where one has ended."""
    if call.batch_sizes is not None:
        live = (torch.arange(int(call.batch_sizes[0]))[None] < call.batch_sizes[:, None]).to(y.device)
        padded = y.new_zeros(*live.shape, y.shape[-1])
        padded[live] = y
        return padded if call.restore is None else padded.index_select(1, call.restore)
    return y[:, None] if y.dim() == 2 else y.transpose(0, 1) if module.batch_first else y


@contextmanager
def watching(modules: dict[str, Recurrent]) -> Iterator[Calls]:
    """Note every call of recurrent modules while the block lasts."""
    calls: Calls = {}
    with ExitStack() as stack:
        for name, module in modules.items():
            watched = _Watched(name, calls)
            before = module.register_forward_pre_hook(watched.begin, with_kwargs=True)
            after = module.register_forward_hook(watched.end)
            stack.callback(before.remove)
            stack.callback(after.remove)
        yield calls


def sequences(module: RNNBase, calls: list[Called]) -> list[list[Called]]:
    """Return the calls of one module as sequences: each call continues from the final state of the one before it."""
    given: dict[tuple[Any, int], Source] = {}
    found: list[list[Called]] = []
    ends: dict[int, list[Called]] = {}  # sequences by the number of their last call
    for call in calls:
        origins = _origins(call, given)
        before = ends.pop(origins[0][0], None) if origins else None
        if origins and before is not None and _same_numbers(module, before[-1], call, origins):
            call.continues = origins
            before.append(call)
        else:
            if before is not None:
                ends[before[-1].number] = before
            before = [call]
            found.append(before)
        ends[call.number] = before
        given |= _outputs(call)
    return found


class _Watched:
    """Hook into one module and note its calls."""

    def __init__(self, name: str, calls: Calls) -> None:
        self._name, self._calls = name, calls
        self._given: tuple[Tensor, ...] = ()
        self._copies: tuple[Tensor, ...] = ()

    def begin(self, _module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        hx = inputs[1] if len(inputs) > 1 else named.get("hx")
        several = isinstance(hx, tuple | list)
        parts: tuple[Any, ...] = tuple(hx) if isinstance(hx, tuple | list) else (hx,)
        if not all(isinstance(part, Tensor) for part in parts):  # none, or a value that the module refuses
            self._given = self._copies = ()
            return None
        self._given = parts
        self._copies = tuple(part.clone() if part.requires_grad else part for part in parts)
        return inputs[:1], {**named, "hx": self._copies if several else self._copies[0]}

    def end(self, _module: nn.Module, _inputs: Any, output: Any) -> None:
        y, state = output
        final = (state,) if isinstance(state, Tensor) else tuple(state)
        calls = self._calls.pop(self._name, [])
        self._calls[self._name] = calls  # last called, last in order
        packed = isinstance(y, PackedSequence)
        sizes, restore = (y.batch_sizes, y.unsorted_indices) if packed else (None, None)
        data = y.data if packed else y
        calls.append(Called(len(calls), data, final, self._given, self._copies, sizes, restore))


def _outputs(call: Called) -> dict[tuple[Any, int], Source]:
    """Return the graph node of each output of a call."""
    parts = [(call.y, None), *((part, k) for k, part in enumerate(call.final))]
    return {(part.grad_fn, part.output_nr): (call.number, k) for part, k in parts if part.grad_fn is not None}


def _origins(call: Called, given: dict[tuple[Any, int], Source]) -> tuple[Source, ...]:
    """Return the source of each part of a call's initial state; empty unless all parts are of one call."""
    found = [_leads_to(part, given) for part in call.given]
    if not found or any(source is None for source in found) or len({source[0] for source in found if source}) > 1:
        return ()
    return tuple(source for source in found if source is not None)


def _leads_to(part: Tensor, given: dict[tuple[Any, int], Source]) -> Source | None:
    """Return the one output of which a tensor is a view or copy, or None."""
    found: set[Source] = set()
    waiting: list[tuple[Any, int]] = [(part.grad_fn, part.output_nr)]
    while waiting:
        node, number = waiting.pop()
        if node is None:
            return None
        if (node, number) in given:
            found.add(given[node, number])
        elif node.name().rstrip("0123456789") in _VIEWS:
            waiting += node.next_functions
        else:
            return None
    return found.pop() if len(found) == 1 else None


def _same_numbers(module: RNNBase, before: Called, call: Called, origins: tuple[Source, ...]) -> bool:
    """Say whether the initial state of a call equals, part for part, the final state of the one before."""
    for k, (part, (_, which)) in enumerate(zip(call.given, origins, strict=True)):
        if which is None and (k or before.batch_sizes is not None or len(module._all_weights) > 1):
            return False
        if which not in (k, None):
            return False
        end = before.final[k]
        if part.numel() != end.numel() or not torch.equal(part.reshape(end.shape), end):
            return False
    return True
