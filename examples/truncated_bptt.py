"""What truncation leaves out: the gradient of BPTT(k1, k2) beside the gradient of full backpropagation through time.

Every k1 steps the loss of those steps is sent back; each reaches k2 steps back from the window's end. The longer the
reach, the nearer the sum of all windows comes to the full gradient; once k2 covers the sequence, they are equal.

Run it with `python examples/truncated_bptt.py`.
"""

import torch
from torch import Tensor, nn

import elman
from elman.bptt import Position, Streams, Truncated

torch.manual_seed(0)
symbols, k1 = torch.randint(0, 5, (257,)).numpy(), 8
embed, layer, head = nn.Embedding(5, 8), elman.RNN(8, 16), nn.Linear(16, 5)
streams = Streams(symbols, batch=4)  # four streams of 64 pairs (symbol, the one after it)


def gradient(k2: int) -> Tensor:
    """The gradient of the whole loss with respect to W_hh, with windows of k1 steps that reach k2 back."""
    layer.zero_grad()
    through_time, position = Truncated(streams, k1, k2), Position()
    while not through_time.ended(position):
        reach = through_time.run(lambda x, state: layer(embed(x), state), position)
        scores = head(reach.features).flatten(0, 1)
        nn.functional.cross_entropy(scores, reach.targets.flatten(), reduction="sum").backward()
        position = reach.after
    return layer.weight_hh_l0.grad.clone()


full = gradient(k2=streams.length)
for k2 in (8, 12, 16, 32, 64):
    error = (gradient(k2) - full).norm() / full.norm()
    print(f"BPTT({k1}, {k2:2})  relative distance from the full gradient {error:.1e}")
