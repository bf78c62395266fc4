"""Compute the size of a call's record in bytes, to check `limit` before the call begins."""

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recurrent import Recurrent


class RecordTooLargeError(InputError):
    """A record would exceed its limit; `bytes` is the size of the calls so far and this one."""

    def __init__(self, message: str, wanted: int) -> None:
        super().__init__(message)
        self.bytes = wanted


def planned_bytes(layer: Recurrent, x: Tensor, batch: int, keep: frozenset[str]) -> int:
    """Return the largest size of a call's record, gradients included; `record` has the formula."""
    H, cell, has_c = layer.hidden_size, layer.cell, "c" in layer.cell.states
    P, D = layer.proj_size or H, 2 if layer.bidirectional else 1
    rows, gradients = x.numel() // max(1, x.shape[-1]), torch.is_grad_enabled()
    widths = {
        "h": P,
        "c": H * has_c,
        "gates": cell.saved * H,
        "dh": P * gradients,
        "dc": H * has_c * gradients,
        "dgates": len(cell.gates) * H * gradients,
    }
    width = sum(size for part, size in widths.items() if part in keep)
    kept = gradients and "dgates" in keep
    inputs = [layer.input_size, *[D * P] * (layer.num_layers - 1)] if kept else [0] * layer.num_layers
    states = batch * (P * ("h" in keep) + H * has_c * ("c" in keep))
    return int(x.element_size() * D * sum(rows * (width + I) + states for I in inputs))  # noqa: E741
