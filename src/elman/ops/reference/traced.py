"""What the reference leaves behind for a record: values from the loop's lists, gradients by autograd's own hooks.

`loop.py` calls it and is not known here.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from elman.ops.trace import Trace, check_first_order

State = tuple[Tensor, ...]


def _sigmoid_slope(gate: Tensor) -> Tensor:
    return gate * (1 - gate)


def _tanh_slope(gate: Tensor) -> Tensor:
    return 1 - gate * gate


# The derivative of a gate's activation, by its value; `a` is a pre-activation itself.
_SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys("ifo" + "rz", _sigmoid_slope),
    **dict.fromkeys("gn", _tanh_slope),
    "a": torch.ones_like,
}


def follow(
    trace: Trace, x: Tensor, initial: State, y: Tensor, states: Sequence[State], gates: Sequence[dict[str, Tensor]]
) -> None:
    """Keep the values of a sequence, and have autograd add its gradients to the trace when they come.

    Args:
        trace: What to fill in.
        x: (T, B, I), or packed rows (N, I).
        initial: The state before the first step.
        y: The output, (T, B, H) or (N, H).
        states: The state after each step.
        gates: The gates of each step.
    """
    packed = y.dim() == 2
    _put(trace, x, initial, y, states, gates, torch.cat if packed else torch.stack)
    end = 0
    for t, (state, gates_t) in enumerate(zip(states, gates, strict=True)):
        begin, end = end, end + state[0].shape[0]
        place = slice(begin, end) if packed else t
        for name, value in zip(("dh", "dc"), state, strict=False):
            _listen(trace, name, value, (*y.shape[:-1], value.shape[-1]), place)
        for k, (name, value) in enumerate(gates_t.items()):
            shape = (*y.shape[:-1], len(gates_t), value.shape[-1])
            _listen(trace, "dgates", value, shape, place, k, _SLOPES[name])


def _put(
    trace: Trace,
    x: Tensor,
    initial: State,
    y: Tensor,
    states: Sequence[State],
    gates: Sequence[dict[str, Tensor]],
    join: Callable[..., Tensor],
) -> None:
    values: dict[str, Tensor | None] = {"x": x, "h_0": initial[0], "h": y}
    with torch.no_grad():
        if len(initial) == 2 and "c" in trace.keep:
            values |= {"c_0": initial[1], "c": join([state[1] for state in states])}
        if "a" not in gates[0] and "gates" in trace.keep:
            values["gates"] = join([torch.stack(tuple(gates_t.values()), dim=-2) for gates_t in gates])
    trace.put(values)


def _listen(
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
