"""Gradients that vanish and explode: which cells keep them, which recurrent matrices do what, and what clipping is for.

Three tables. How much of a gradient is left after 60 steps back, before any training, and how well a symbol is then
recalled after 5 and after 60 steps of noise: the copy problem, in medians of five seeds, on one thread and on two.
What a recurrent matrix below, at and above a spectral radius of 1 does to a gradient, with the tanh and without. And
a network without any bound, on the adding problem, with its gradients clipped and not.

Run it with `python examples/vanishing_and_exploding.py`; `--save flow.png` draws gradients and eigenvalues, and
`--seeds 1 --updates 20` is a short look.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

import elman
from elman.bptt import Clip
from elman.pictures import eigenvalues, gradient_flow, save

H, SYMBOLS, NEAR, FAR, NOISE = 32, 8, 5, 60, 0.3
THREADS = 1, 2
NETWORKS = ("RNN", "LSTM", "LSTM, gates open", "GRU", "GRU, gates open")
MATRICES = {"orthogonal x 0.9": 0.9, "orthogonal": 1.0, "orthogonal x 1.1": 1.1, "identity": None, "random": None}


def recurrent(name: str, size: int) -> nn.RNNBase:
    """A layer; with its gates open it begins by keeping its state: forget or update gates near 1."""
    layer = getattr(elman, name.partition(",")[0])(size, H)
    if name.endswith("open"):
        with torch.no_grad():
            keep = slice(H, 2 * H)  # the LSTM's gates are i f g o, the GRU's r z n
            layer.bias_ih_l0[keep] = 5.0 if name.startswith("LSTM") else 4.0
            if name.startswith("LSTM"):
                layer.bias_ih_l0[:H] = -2.5  # what is kept for long is taken in by little
    return layer


def norms_by_lag(layer: nn.RNNBase, scale: float = 1.0) -> list[float]:
    """Norms of the gradient of a loss at the last step with respect to the state, by steps before it, 0 to FAR."""
    x = scale * torch.randn(FAR + 1, 8, layer.input_size)
    with elman.record(layer) as rec:
        y, _ = layer(x)
    (y[-1] * torch.randn_like(y[-1])).sum().backward()
    parts = [rec.dh, rec.dc] if isinstance(layer, elman.LSTM) else [rec.dh]
    return torch.cat(parts, -1).double().norm(dim=(1, 2)).flip(0).tolist()


def copying(lag: int, batch: int) -> tuple[Tensor, Tensor]:
    """One of eight symbols at the first step, noise, and a question `lag` steps later: which one was it?

    The noise changes what the state forgets. Without it Adam, which divides by a gradient's size, learns now and then
    from one of 1e-16.
    """
    symbols = torch.randint(SYMBOLS, (batch,))
    x = NOISE * torch.randn(lag + 1, batch, SYMBOLS + 1)
    x[[0, -1]] = 0
    x[0, torch.arange(batch), symbols] = 1
    x[-1, :, SYMBOLS] = 1
    return x, symbols


def adding(lag: int, batch: int) -> tuple[Tensor, Tensor]:
    """Numbers from 0 to 1, two of which are marked, one in each half; their sum is asked for (Hochreiter, 1997)."""
    T, rows = lag + 1, torch.arange(batch)
    numbers, marks = torch.rand(T, batch), torch.zeros(T, batch)
    marks[torch.randint(T // 2, (batch,)), rows] = 1
    marks[torch.randint(T // 2, T, (batch,)), rows] = 1
    return torch.stack([numbers, marks], -1), (numbers * marks).sum(0)


def recalled(name: str, lag: int, seed: int = 0, updates: int = 300) -> float:
    """The share of symbols that are recalled `lag` steps later, after training with Adam, clipped at norm 1."""
    torch.manual_seed(seed)
    layer, head = recurrent(name, SYMBOLS + 1), nn.Linear(H, SYMBOLS)
    parameters = [*layer.parameters(), *head.parameters()]
    optimizer, clip = torch.optim.Adam(parameters, lr=0.01), Clip(norm=1.0)
    for _ in range(updates):
        x, symbols = copying(lag, 64)
        loss = nn.functional.cross_entropy(head(layer(x)[0][-1]), symbols)
        optimizer.zero_grad()
        loss.backward()
        clip(parameters, loss)
        optimizer.step()
    with torch.no_grad():
        x, symbols = copying(lag, 1000)
        return float((head(layer(x)[0][-1]).argmax(1) == symbols).float().mean())


def summed(optimizer: str, clip: Clip, seed: int = 0, updates: int = 600, lag: int = 50) -> tuple[str, float]:
    """What becomes of a ReLU network that begins as the identity (Le, 2015), and its largest gradient norm."""
    torch.manual_seed(seed)
    layer, head = elman.RNN(2, H, nonlinearity="relu"), nn.Linear(H, 1)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.eye(H))
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    parameters = [*layer.parameters(), *head.parameters()]
    descent = torch.optim.Adam(parameters, 0.003) if optimizer == "Adam" else torch.optim.SGD(parameters, 0.02)
    largest = 0.0
    for update in range(updates):
        x, sums = adding(lag, 64)
        loss = nn.functional.mse_loss(head(layer(x)[0][-1])[:, 0], sums)
        descent.zero_grad()
        loss.backward()
        seen = clip(parameters, loss)
        if not seen.finite:
            return f"no number from update {update + 1} on", largest
        largest = max(largest, seen.norm)
        descent.step()
    with torch.no_grad():
        x, sums = adding(lag, 1000)
        error = nn.functional.mse_loss(head(layer(x)[0][-1])[:, 0], sums)
    return f"squared error {error:.3f}", largest


def with_matrix(name: str) -> nn.RNNBase:
    """A tanh RNN with the recurrent matrix of that name."""
    layer, scale = elman.RNN(1, H), MATRICES[name]
    with torch.no_grad():
        if name == "identity":
            layer.weight_hh_l0.copy_(torch.eye(H))
        elif name == "random":
            layer.weight_hh_l0.normal_(0, H**-0.5)
        else:
            nn.init.orthogonal_(layer.weight_hh_l0, gain=scale)
    return layer


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on so many threads: sums are then rounded in another order, and trainings end elsewhere."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def medians(name: str, count: int, seeds: int, updates: int) -> tuple[float, float]:
    """The median share of symbols recalled after a short and a long time, over seeds, on so many threads."""
    with threads(count):
        near, far = ([recalled(name, lag, seed, updates) for seed in range(seeds)] for lag in (NEAR, FAR))
    return median(near), median(far)


def main() -> None:
    """Print the three tables."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--save", metavar="FILE")
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--updates", type=int, default=300)
    options = arguments.parse_args()
    torch.manual_seed(0)
    flows = {name: norms_by_lag(recurrent(name, SYMBOLS + 1)) for name in NETWORKS}

    print(f"                  gradient left    recalled, median of {options.seeds} seeds (guessing: {1 / SYMBOLS:.0%})")
    print(f"                  after {FAR} steps   on 1 thread: {NEAR}, {FAR} steps   on 2: {NEAR}, {FAR} steps")
    for name, flow in flows.items():
        found = [share for count in THREADS for share in medians(name, count, options.seeds, options.updates)]
        one, two = (f"{near:8.0%}{far:6.0%}" for near, far in (found[:2], found[2:]))
        print(f"{name:18}{flow[-1] / flow[0]:14.0e}{one:>23}{two:>22}")

    torch.manual_seed(0)
    print(f"\nrecurrent matrix    spectral radius  gradient left after {FAR} steps, tanh  linear")
    spectra = {}
    for name in MATRICES:
        layer = with_matrix(name)
        spectra[name] = torch.linalg.eigvals(layer.weight_hh_l0.detach())
        radius, norms = float(spectra[name].abs().max()), norms_by_lag(layer, scale=0.1)
        linear = torch.linalg.matrix_power(layer.weight_hh_l0.detach().double(), FAR).norm() / H**0.5
        print(f"{name:20}{radius:15.2f}{norms[-1] / norms[0]:38.0e}{linear:8.0e}")

    print("\nadding problem over 51 steps, ReLU (always saying 1: squared error 0.167)")
    for optimizer, clip in (("SGD", Clip()), ("Adam", Clip()), ("Adam", Clip(norm=1.0))):
        result, largest = summed(optimizer, clip, updates=2 * options.updates)
        name = f"{optimizer}, {'clipped at norm 1' if clip.norm else 'not clipped'}"
        print(f"  {name:25}{result:30} largest gradient norm {largest:.0e}")
    if options.save:
        save(side_by_side(flows, spectra), options.save)


def side_by_side(flows: dict[str, list[float]], spectra: dict[str, Tensor]) -> Figure:
    """Gradients by lag, and the eigenvalues of three of the matrices."""
    figure = Figure(figsize=(10, 4.2), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    gradient_flow(flows, left)
    eigenvalues({name: spectra[name] for name in ("orthogonal x 0.9", "random", "orthogonal x 1.1")}, right)
    return figure


if __name__ == "__main__":
    main()
