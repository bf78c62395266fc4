"""Backpropagation through all of a long sequence: the gradient of 20,000 steps, and the memory it takes.

Truncated backpropagation is the usual answer to a long sequence; its gradient stops at a window's edge. Here nothing is
cut: `checkpoint_every="sqrt"` keeps one state in 142 steps, and runs the steps between forward again on the way back.

Run it with `python examples/long_sequence.py`.
"""

import torch
from torch import Tensor

import elman

torch.manual_seed(0)
layer, head = elman.LSTM(1, 32), torch.nn.Linear(32, 1)
x = torch.randn(20_000, 2, 1)
target = x[:1].expand(x.shape)  # at every step: what was seen at the first


def gradients(**options: str) -> tuple[int, list[Tensor]]:
    """The floats that autograd keeps for the way back, and the gradient of every weight."""
    kept = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        y, _ = layer(x, **options)
        loss = torch.nn.functional.mse_loss(head(y), target)
    return sum(kept.values()), list(torch.autograd.grad(loss, list(layer.parameters())))


everything, plain = gradients()
less, same = gradients(checkpoint_every="sqrt")
print(f"floats kept: {everything:,}, and by segments {less:,}")
print("the same gradients, bit for bit:", all(torch.equal(a, b) for a, b in zip(plain, same, strict=True)))
