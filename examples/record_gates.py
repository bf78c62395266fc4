"""The lid off a model of torch.nn's: adopt its layers, record one pass, look at gates and gradients step by step.

The task is to tell, after 24 steps of noise, the sign of the first one. Untrained, the LSTM's gradient dies on its way
back; with the forget gate's bias at 3 it arrives.

Run it with `python examples/record_gates.py`.
"""

import torch
from torch import nn

import elman

torch.manual_seed(0)


class SignOfTheFirst(nn.Module):
    """An LSTM over the sequence, and a decision from its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.LSTM(1, 16)
        self.head = nn.Linear(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A score (B,) for x (T, B, 1)."""
        _, (h_n, _) = self.memory(x)
        return self.head(h_n[0])[:, 0]


model = SignOfTheFirst()
print("adopted:", elman.adopt(model))

x = torch.randn(24, 32, 1)
target = (x[0, :, 0] > 0).float()
for forget_bias in (0.0, 3.0):
    with torch.no_grad():
        model.memory.bias_ih_l0[16:32] = forget_bias  # gates i f g o, 16 units each
    with elman.record(model) as rec:
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), target)
    loss.backward()

    back = rec.dc.norm(dim=(1, 2))  # how much of the loss reaches each step's cell
    print(f"forget bias {forget_bias:.0f}: forget gate {rec.gates['f'].mean():.2f} on average")
    print(f"  dc at steps 0, 8, 16, 23: {', '.join(f'{back[t]:.1e}' for t in (0, 8, 16, 23))}")
    share = rec.share("memory.weight_ih_l0", 0).norm() / model.memory.weight_ih_l0.grad.norm()
    print(f"  step 0's share of the gradient of W_ih: {share:.1e} of its size")
    model.zero_grad()
