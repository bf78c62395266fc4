"""Run truncated backpropagation through time, BPTT(k1, k2); detach, reset and store the state that it carries.

Every k1 steps the losses of those k1 steps are backpropagated through the k2 >= k1 steps before the window's end:

    reach:    |---- k2 - k1 ----|------ k1 ------|
              start        loss from            end

With k2 = k1 a window starts where the last one ended and nothing is computed twice. With k2 > k1 the steps before the
window are recomputed from the state carried into them with the current weights, because the old graph belongs to the
old weights: k2 / k1 times the work. If k2 covers the stream, every start is zero: full BPTT without truncation. The
rule is BPTT(h; h') of Williams and Peng (1990), h = k2 and h' = k1: each loss is backpropagated once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from elman.bptt.streams import Window
from elman.errors import InputError

State: TypeAlias = Tensor | tuple[Tensor, ...]
"""The `hx` of the layers in `elman.layers`: h of shape `(D*layers, B, H)`, or for an LSTM the pair `(h, c)`."""

Recur: TypeAlias = Callable[[Tensor, State | None], tuple[Tensor, State]]
"""`recur(inputs (T, B), state) -> (features (T, B, H), state after the last step)`; None is the zero state."""


class Source(Protocol):
    """A source of windows: `Streams`, or any other with the same length for every row."""

    @property
    def length(self) -> int:
        """The number of steps."""
        ...

    def window(self, begin: int, end: int) -> Window:
        """Return steps `begin` to `end`."""
        ...

    def count(self, begin: int, end: int) -> int:
        """Return the number of targets in steps `begin` to `end`."""
        ...


@dataclass(frozen=True)
class Position:
    """The position of a pass over the streams. `state` is the one carried into step `start`; None is zero."""

    step: int = 0
    start: int = 0
    state: State | None = None


@dataclass(frozen=True)
class Reach:
    """One window after its forward pass, ready for the backward pass.

    Attributes:
        features: the output of `recur` for the k1 steps that have a loss, shape `(T, B, H)`, T <= k1.
        targets: int64, shape `(T, B)`.
        count: targets that are not padding.
        after: the position of the next window; use it to continue, or drop it to run the same window again.
    """

    features: Tensor
    targets: Tensor
    count: int
    after: Position


class Truncated:
    """BPTT(k1, k2) over streams.

    Args:
        streams: the source of windows.
        k1: steps between updates.
        k2: steps that gradients reach back, k1 by default.

    Raises:
        InputError: k2 is smaller than k1.
    """

    def __init__(self, streams: Source, k1: int, k2: int | None = None):
        self.streams = streams
        self.k1 = k1
        self.k2 = k1 if k2 is None else k2
        if self.k2 < self.k1:
            raise InputError(f"k2: expected k1 = {self.k1} or more, got {self.k2}: a gradient has to cover its window")
        # The last window may be shorter than k1, and a k2 that covers the stream covers it for that window too.
        self._lead = streams.length if self.k2 >= streams.length else self.k2 - self.k1

    @property
    def windows(self) -> int:
        """The number of windows in one pass over the streams."""
        return -(-self.streams.length // self.k1)

    def run(self, recur: Recur, position: Position) -> Reach:
        """Run the window at `position` and return its features, with a graph that reaches k2 steps back."""
        end = min(position.step + self.k1, self.streams.length)
        window = self.streams.window(position.start, end)
        after = self._next(position)
        features, state = run_with_resets(recur, window, position.state, after.start - position.start)
        lead = position.step - position.start
        return Reach(
            features[lead:] if lead else features,
            window.targets[lead:] if lead else window.targets,
            self.streams.count(position.step, end),
            replace(after, state=None if state is None else detach(state)),
        )

    def _next(self, position: Position) -> Position:
        """Return the next window's position; its state is known once this window has run."""
        step = position.step + self.k1
        return Position(step, max(0, step - self._lead))

    def start_of(self, step: int) -> int | None:
        """Return the first step that the window at `step` runs; None if there is no such window."""
        return max(0, step - self._lead) if 0 <= step < self.streams.length and step % self.k1 == 0 else None

    def ended(self, position: Position) -> bool:
        """Say whether every step of every stream has been run."""
        return position.step >= self.streams.length


def run_with_resets(recur: Recur, window: Window, state: State | None, keep: int) -> tuple[Tensor, State | None]:
    """Run a window piece by piece, and reset the state of a stream where a document begins.

    Args:
        recur: the network.
        window: T steps.
        state: the state before the first step.
        keep: the step whose incoming state is returned; a step past the end means the state after the last step.

    Returns:
        features: shape `(T, B, H)`.
        state: the state before step `keep`, without a reset at that step, which is applied when a window starts there;
            None if that is the zero state the window began with.
    """
    steps = len(window.inputs)
    resets = dict(window.resets)
    cuts = sorted({0, *resets, *({keep} if keep < steps else ())})
    pieces, kept = [], None
    for begin, end in zip(cuts, [*cuts[1:], steps], strict=True):
        if begin == keep:
            kept = state
        if begin in resets and state is not None:
            state = zero_rows(state, resets[begin])
        features, state = recur(window.inputs[begin:end], state)
        pieces.append(features)
    whole = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
    return whole, state if keep >= steps else kept


def each(state: State, change: Callable[[Tensor], Tensor]) -> State:
    """Return the same kind of state with `change` applied to every tensor in it."""
    if isinstance(state, Tensor):
        return change(state)
    return tuple(change(part) for part in state)


def detach(state: State) -> State:
    """Return the state without its history: gradients stop here. Shares memory with `state`."""
    return each(state, Tensor.detach)


def zero_rows(state: State, rows: Tensor) -> State:
    """Return the state with some streams back at zero; gradients through the other streams still flow.

    Args:
        state: tensors of shape `(D*layers, B, H)`.
        rows: bool, shape `(B,)`; true where the stream restarts.
    """
    return each(state, lambda part: part.masked_fill(rows[:, None], 0.0))


def pack_state(state: State | None, name: str) -> dict[str, Tensor]:
    """Return the state as named tensors for a checkpoint: none, `name.0`, or `name.0` and `name.1`."""
    if state is None:
        return {}
    parts = (state,) if isinstance(state, Tensor) else state
    return {f"{name}.{index}": part.detach().clone() for index, part in enumerate(parts)}


def unpack_state(tensors: dict[str, Tensor], name: str) -> State | None:
    """Return the state that `pack_state` stored.

    The tensors are copied: a file's memory map is not aligned as torch's own memory is, and a product over memory of
    another alignment may round differently.
    """
    parts = [tensors[key].clone() for key in sorted(tensors) if key.startswith(f"{name}.")]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else tuple(parts)
