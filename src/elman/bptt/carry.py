"""Detach, reset and store the state that a recurrent layer carries from one window to the next.

A state is the `hx` of the layers in `elman.layers`: h of shape `(D*layers, B, H)`, or for an LSTM the pair
`(h, c)`. Nothing here depends on the cell.
"""

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

State: TypeAlias = Tensor | tuple[Tensor, ...]


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
