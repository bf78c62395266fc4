"""The reference of records: each sequence by itself, step by step in float64, every value a leaf with a gradient.

Shares no line with Elman: the equations are written out again, and autograd does the rest.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


@dataclass
class Walked:
    """One layer in one direction over one sequence: values by name and step, each (H,), with `.grad` after backward."""

    h: dict[int, Tensor] = field(default_factory=dict)
    c: dict[int, Tensor] = field(default_factory=dict)
    gates: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    sums: dict[int, dict[str, Tensor]] = field(default_factory=dict)


def _kept(value: Tensor) -> Tensor:
    value.retain_grad()
    return value


def step(layer: Any, x: Tensor, h: Tensor, c: Tensor | None, w: Weights) -> tuple[Any, ...]:
    """(h, c, gates, pre-activations) of one step of one row."""
    a_x, a_h = w["weight_ih"] @ x + w.get("bias_ih", 0), w["weight_hh"] @ h + w.get("bias_hh", 0)
    if layer.mode == "LSTM":
        assert c is not None
        a = dict(zip("ifgo", map(_kept, (a_x + a_h).chunk(4)), strict=True))
        gates = {k: v.tanh() if k == "g" else v.sigmoid() for k, v in a.items()}
        c = _kept(gates["f"] * c + gates["i"] * gates["g"])
        out = gates["o"] * c.tanh()
        return _kept(w["weight_hr"] @ out if "weight_hr" in w else out), c, gates, a
    if layer.mode == "GRU":
        (x_r, x_z, x_n), (h_r, h_z, h_n) = a_x.chunk(3), a_h.chunk(3)
        a = {"r": _kept(x_r + h_r), "z": _kept(x_z + h_z)}
        r, z = a["r"].sigmoid(), a["z"].sigmoid()
        if not layer.reset_after:
            h_n = w["weight_hh"].chunk(3)[2] @ (r * h) + (w["bias_hh"].chunk(3)[2] if "bias_hh" in w else 0)
        a["n"] = _kept(x_n + (r * h_n if layer.reset_after else h_n))
        n = a["n"].tanh()
        return _kept((1 - z) * n + z * h), None, {"r": r, "z": z, "n": n}, a
    a = {"a": _kept(a_x + a_h)}
    return _kept(a["a"].relu() if layer.mode == "RNN_RELU" else a["a"].tanh()), None, {}, a


def walk(
    layer: nn.RNNBase, weights: Weights, x: Tensor, state: list[Tensor]
) -> tuple[Tensor, list[Tensor], dict[tuple[int, str], Walked]]:
    """One sequence x (T, I) through the whole stack, from a state of (layers*D, H) each.

    Returns:
        y (T, D*H), the final state, and every step of every layer and direction.
    """
    found, finals = {}, []
    directions = ("forward", "reverse") if layer.bidirectional else ("forward",)
    for k in range(layer.num_layers):
        outputs = []
        for direction in directions:
            suffix = f"_l{k}" + ("_reverse" if direction == "reverse" else "")
            w = {n.removesuffix(suffix): p for n, p in weights.items() if n.endswith(suffix)}
            h, *rest = (s[len(finals)] for s in state)
            c = rest[0] if rest else None
            walked = found[k, direction] = Walked()
            for t in reversed(range(len(x))) if direction == "reverse" else range(len(x)):
                h, c, walked.gates[t], walked.sums[t] = step(layer, x[t], h, c, w)
                walked.h[t] = h
                if c is not None:
                    walked.c[t] = c
            finals.append([h] if c is None else [h, c])
            outputs.append(torch.stack([walked.h[t] for t in range(len(x))]))
        x = torch.cat(outputs, -1)
    return x, [torch.stack(parts) for parts in zip(*finals, strict=True)], found


def padded(walked: list[dict[int, Tensor]], grad: bool = False) -> Tensor:
    """(T, B, H) from a dictionary of steps for each sequence, with zeros where there is no step."""
    T = max(map(len, walked))
    some = walked[0][0]

    def at(steps: dict[int, Tensor], t: int) -> Tensor:
        value = steps.get(t)
        if grad:
            value = None if value is None else value.grad
        return torch.zeros_like(some) if value is None else value.detach()

    return torch.stack([torch.stack([at(steps, t) for steps in walked]) for t in range(T)])
