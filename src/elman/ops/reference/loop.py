"""The time loop, written once for every cell: dense or packed, forward in time or in reverse.

A cell is a `step(x, state, parameters) -> (state, gates)`; `unroll` walks it over a sequence. The recording of gates,
the reference operations and the double backward of the native ones all come through here.

Dimension key: T time, B batch, I input size, H hidden size, G gates, N rows of a packed batch (the sum of its batch
sizes).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from elman.ops.reference.traced import follow
from elman.ops.trace import Trace

State = tuple[Tensor, ...]
Gates = dict[str, Tensor]


class Parameters(NamedTuple):
    """The parameters of one layer in one direction, by torch's names.

    Shapes: `w_ih` (G*H, I), `w_hh` (G*H, H), biases (G*H,) or None; `w_hr` (P, H) projects an LSTM's output to P, and
    makes `w_hh` (G*H, P).
    """

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    w_hr: Tensor | None = None


Step = Callable[[Tensor, State, Parameters], tuple[State, Gates]]


class Unrolled(NamedTuple):
    """A sequence after the loop; the lists run in time order whatever the direction.

    Attributes:
        y: The output h of every step, (T, B, H), or (N, H) for a packed batch.
        final: The state after the last step that was walked, each part (B, H).
        states: The state after each step, each part (B_t, H).
        gates: The gates of each step by name, each (B_t, H).
    """

    y: Tensor
    final: State
    states: list[State]
    gates: list[Gates]


def unroll(
    step: Step,
    x: Tensor,
    initial: State,
    parameters: Parameters,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    trace: Trace | None = None,
) -> Unrolled:
    """Walk `step` over a sequence, at the cost of the steps that really are there.

    Args:
        step: The cell's equation.
        x: The input, (T, B, I), or the rows of a packed batch, (N, I). T and B may be 0.
        initial: The state before the first step, each part (B, H).
        parameters: The cell's parameters.
        batch_sizes: None for a dense sequence, or the number of live rows of each step, (T,), never growing.
        reverse: Walk from the last step to the first.
        trace: Filled in with every step's values and, later, gradients, if there is one.

    Returns:
        The outputs, the final state, and the states and gates of every step.
    """
    inputs = x.unbind(0) if batch_sizes is None else torch.split(x, batch_sizes.tolist())
    state = initial
    if reverse and batch_sizes is not None and inputs:
        state = tuple(s_0[:0] for s_0 in initial)  # rows join as their last step comes by
    states: list[State] = []
    gates: list[Gates] = []
    finished: list[State] = []
    for x_t in reversed(inputs) if reverse else inputs:
        state = resize(state, initial, x_t.shape[0], finished)
        state, gates_t = step(x_t, state, parameters)
        states.append(state)
        gates.append(gates_t)
    if reverse:
        states.reverse()
        gates.reverse()
    y = _outputs(states, initial, batch_sizes)
    if trace is not None:
        follow(trace, x, initial, y, states, gates)
    return Unrolled(y, finish(state, finished), states, gates)


def resize(state: State, initial: State, rows: int, finished: list[State]) -> State:
    """The state of the rows that are live in this step.

    The rows of a packed batch end one after the other, the last row first: forward in time the state shrinks and the
    rows that ended are put aside; in reverse it grows by rows of the initial state.
    """
    live = state[0].shape[0]
    if rows < live:
        finished.append(tuple(s[rows:] for s in state))
        return tuple(s[:rows] for s in state)
    if rows > live:
        return tuple(torch.cat((s, s_0[live:rows])) for s, s_0 in zip(state, initial, strict=True))
    return state


def _outputs(states: Sequence[State], initial: State, batch_sizes: Tensor | None) -> Tensor:
    h_0 = initial[0]
    if not states:
        return h_0.new_zeros((0, *h_0.shape) if batch_sizes is None else (0, h_0.shape[-1]))
    h = [state[0] for state in states]
    return torch.stack(h) if batch_sizes is None else torch.cat(h)


def finish(state: State, finished: Sequence[State]) -> State:
    """The final state of all rows: of those live in the last step and, before them, of those put aside."""
    if not finished:
        return state
    return tuple(torch.cat(parts) for parts in zip(state, *reversed(finished), strict=True))
