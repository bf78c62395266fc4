"""Swap torch.nn.LSTM for elman.LSTM: the same arguments, the same weights, the same numbers.

Run it with `python examples/drop_in.py`.
"""

import torch

import elman

torch.manual_seed(0)
theirs = torch.nn.LSTM(10, 20, num_layers=2, bidirectional=True)
ours = elman.LSTM(10, 20, num_layers=2, bidirectional=True)
ours.load_state_dict(theirs.state_dict())  # the names and shapes are torch's, so weights go both ways

x = torch.randn(5, 3, 10)  # (T, B, I): five steps, three sequences, ten features
y, (h_n, c_n) = ours(x)
y_theirs, (h_theirs, c_theirs) = theirs(x)
for name, mine, torchs in (("y", y, y_theirs), ("h_n", h_n, h_theirs), ("c_n", c_n, c_theirs)):
    print(f"{name:3} {tuple(mine.shape)} within 1e-6 of torch's:", bool((mine - torchs).abs().max() < 1e-6))

gradients = torch.autograd.grad(y.sum(), list(ours.parameters()))
gradients_theirs = torch.autograd.grad(y_theirs.sum(), list(theirs.parameters()))
worst = max(float((g - t).abs().max() / t.abs().max()) for g, t in zip(gradients, gradients_theirs, strict=True))
print("all", len(gradients), "gradients within 1e-5 of torch's:", worst < 1e-5)

print("backend:", ours.backend, "because", ours.backend.reason)
print("backend in double precision:", ours.double().backend, "because", ours.backend.reason)
