"""Fill in a trace from the reference: values from the lists of the loop, gradients from hooks of autograd."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from elman.ops.cell import Cell, Gates, State
from elman.ops.trace import Trace, check_first_order

# The derivative of each activation, computed from its value.
_SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": lambda gate: gate * (1 - gate),
    "tanh": lambda gate: 1 - gate * gate,
    "identity": torch.ones_like,
}


def follow(
    trace: Trace,
    cell: Cell,
    x: Tensor,
    initial: State,
    y: Tensor,
    states: Sequence[State],
    gates: Sequence[Gates],
) -> None:
    """Keep the values of a sequence, and have autograd add its gradients to the trace during the backward pass.

    Args:
        trace: The trace to fill in.
        cell: The equation.
        x: (T, B, I), or packed rows (N, I).
        initial: The state before the first step.
        y: The output, (T, B, H) or (N, H).
        states: The state after each step.
        gates: The gates of each step.
    """
    packed = y.dim() == 2
    join: Callable[..., Tensor] = torch.cat if packed else torch.stack
    values: dict[str, Tensor | None] = {"x": x, "h_0": initial[0], "h": y}
    with torch.no_grad():
        if "c" in cell.states and "c" in trace.keep:
            values |= {"c_0": initial[1], "c": join([state[1] for state in states])}
        if cell.saved and "gates" in trace.keep:
            values["gates"] = join([torch.stack(tuple(gates_t.values()), dim=-2) for gates_t in gates])
    trace.put(values)
    end = 0
    for t, (state, gates_t) in enumerate(zip(states, gates, strict=True)):
        begin, end = end, end + state[0].shape[0]
        place = slice(begin, end) if packed else t
        for name, value in zip(cell.states, state, strict=True):
            _add_gradient(trace, f"d{name}", value, (*y.shape[:-1], value.shape[-1]), place)
        for k, (value, activation) in enumerate(zip(gates_t.values(), cell.activations, strict=True)):
            shape = (*y.shape[:-1], len(gates_t), value.shape[-1])
            _add_gradient(trace, "dgates", value, shape, place, k, _SLOPES[activation])


def _add_gradient(
    trace: Trace,
    name: str,
    value: Tensor,
    shape: tuple[int, ...],
    place: int | slice,
    gate: int | None = None,
    slope: Callable[[Tensor], Tensor] | None = None,
) -> None:
    if not value.requires_grad or name not in trace.keep:
        return
    kept = value.detach()

    def add(grad: Tensor) -> None:
        check_first_order()
        rows = trace.sum_for(name, torch.Size(shape), kept)[place]
        if gate is None or slope is None:
            rows.add_(grad)
        else:
            rows[:, gate].add_(grad * slope(kept))

    value.register_hook(add)  # type: ignore[no-untyped-call]
