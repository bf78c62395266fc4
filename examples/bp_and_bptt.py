"""Backpropagation through time is backpropagation: unroll the network, give each step weights of its own, and add up.

A recurrent layer over T steps is a feedforward network of T layers that happen to hold the same weights. Here both are
built: the layer, and T copies of its cell, one after the other, each with its own weights. Plain backpropagation gives
each copy its own gradient; their sum is the gradient that backpropagation through time gives the shared weights.

Run it with `python examples/bp_and_bptt.py`; `--save shares.png` draws how much each step contributes.
"""

import argparse
import copy

import torch
from torch import Tensor, nn

import elman
from elman.pictures import gradient_flow, save

T, B, SIZE, H = 12, 4, 5, 8
CELLS = {"RNN": (elman.RNN, elman.RNNCell), "GRU": (elman.GRU, elman.GRUCell), "LSTM": (elman.LSTM, elman.LSTMCell)}


def through_time(layer: nn.Module, x: Tensor, direction: Tensor) -> dict[str, Tensor]:
    """The shared weights' gradients, by BPTT, of a loss that reads the last state along `direction`."""
    y, _ = layer(x)
    gradients = torch.autograd.grad((y[-1] * direction).sum(), list(layer.parameters()))
    return {name.removesuffix("_l0"): g for (name, _), g in zip(layer.named_parameters(), gradients, strict=True)}


def untied(cell: nn.Module, x: Tensor, direction: Tensor) -> list[dict[str, Tensor]]:
    """Each step's gradients, by plain backpropagation through a feedforward network of T layers with own weights."""
    layers = [copy.deepcopy(cell) for _ in range(len(x))]
    state = None
    for one, x_t in zip(layers, x, strict=True):
        state = one(x_t, state)
    h = state[0] if isinstance(state, tuple) else state
    (h * direction).sum().backward()
    # At step 1 the state is a constant 0, and W_hh times 0 has the gradient 0.
    return [
        {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in one.named_parameters()}
        for one in layers
    ]


def compare(name: str, seed: int = 0) -> tuple[dict[str, float], list[float]]:
    """Largest relative difference of each parameter's gradient, and the norm of each step's share in that of W_hh."""
    torch.manual_seed(seed)
    layer_class, cell_class = CELLS[name]
    layer, cell = layer_class(SIZE, H).double(), cell_class(SIZE, H).double()
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x, direction = torch.randn(T, B, SIZE).double(), torch.randn(B, H).double()
    shared, steps = through_time(layer, x, direction), untied(cell, x, direction)
    worst = {}
    for key, gradient in shared.items():
        total = torch.stack([step[key] for step in steps]).sum(0)
        worst[key] = float((total - gradient).abs().max() / gradient.abs().max())
    return worst, [float(step["weight_hh"].norm()) for step in steps]


def main() -> None:
    """Compare all three cells, and print what each step contributes."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--save", metavar="FILE")
    place = arguments.parse_args().save
    curves = {}
    print(f"{T} steps, {T} copies; relative difference between the sum of the copies' gradients and the shared one's")
    for name in CELLS:
        worst, shares = compare(name)
        print(f"{name:5}", "  ".join(f"{key} {error:.0e}" for key, error in worst.items()))
        curves[name] = shares[::-1]
    print("share of each step in the gradient of W_hh, first to last step (norms)")
    for name, shares in curves.items():
        print(f"{name:5}", " ".join(f"{share:.0e}" for share in shares[::-1]))
    if place:
        save(gradient_flow(curves, y="norm of the step's share in dL/dW_hh"), place)


if __name__ == "__main__":
    main()
