"""Sequences are not independent draws: what shuffling throws away, and what a random split gives away.

Streams: a long text names a mode, A or B, now and then; a rare question asks which one it was. The answer lies mostly
before the window that asks. The same network learns twice from the same windows: shuffled, each from a zero state, and
in order, with the state carried from window to window.

Splits: a random walk cannot be foretold. Cut into overlapping windows and split at random, it seems to be: each test
window has neighbours in the training set that already know its answer. Split by time, with a gap, it is not.

Run it with `python examples/streams_and_splits.py`; `--save splits.png` draws foretold against real changes.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

import elman
from elman.bptt import Position, Reach, Streams, Truncated
from elman.palette import BACKWARD, FORWARD
from elman.pictures import save

MODE_A, MODE_B, ASK, SAY_A, SAY_B, OTHER = range(6)  # OTHER and the next three are words that mean nothing
WINDOW, H = 16, 32


def text_of_modes(length: int, seed: int) -> np.ndarray:
    """Noise, a mode about every 40 symbols, a question and its answer about every 20."""
    draw = np.random.default_rng(seed)
    symbols, mode = [MODE_A], 0
    while len(symbols) < length:
        at = draw.random()
        if at < 1 / 40:
            mode = int(draw.integers(2))
            symbols.append((MODE_A, MODE_B)[mode])
        elif at < 1 / 40 + 1 / 20:
            symbols += [ASK, (SAY_A, SAY_B)[mode]]
        else:
            symbols.append(OTHER + int(draw.integers(4)))
    return np.array(symbols[:length])


class Answerer(nn.Module):
    """Symbols (T, B) to scores of the next symbol (T, B, 10), and the state after them."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = elman.GRU(10, H)
        self.head = nn.Linear(H, 10)
        with torch.no_grad():  # begin with update gates near 1: a state that is kept is one to learn to use
            self.layer.bias_ih_l0[H : 2 * H] = 2

    def forward(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Run T steps from `state`; None is zero."""
        y, state = self.layer(nn.functional.one_hot(x, 10).float(), state)
        return self.head(y), state


def reaches(network: Answerer, windows: Truncated, carried: bool) -> Iterator[Reach]:
    """Run every window once: in order with the state carried along, or shuffled, each from a zero state."""
    if not carried:
        for number in torch.randperm(windows.windows).tolist():
            yield windows.run(network, Position(number * WINDOW, number * WINDOW))
        return
    position = Position()
    while not windows.ended(position):
        reach = windows.run(network, position)
        yield reach
        position = reach.after


def learn_modes(carried: bool, seed: int = 0, length: int = 40_000, epochs: int = 4) -> float:
    """Train, and return the share of right answers in a new text that is read in the same way."""
    torch.manual_seed(seed)
    network = Answerer()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    windows = Truncated(Streams(text_of_modes(length, seed), batch=16), WINDOW)
    for _ in range(epochs):
        for reach in reaches(network, windows, carried):
            loss = nn.functional.cross_entropy(reach.features.flatten(0, 1), reach.targets.flatten(), ignore_index=-1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    new = Truncated(Streams(text_of_modes(20_000, seed + 1000), batch=16), WINDOW)
    return answered(network, new, carried)


@torch.no_grad()
def answered(network: Answerer, windows: Truncated, carried: bool) -> float:
    """The share of questions whose answer gets the higher score of the two."""
    right = []
    for reach in reaches(network, windows, carried):
        asked = (reach.targets == SAY_A) | (reach.targets == SAY_B)
        says_b = reach.features[..., SAY_B] > reach.features[..., SAY_A]
        right.append((says_b == (reach.targets == SAY_B))[asked])
    return float(torch.cat(right).float().mean())


def within_reach(seed: int = 0) -> float:
    """The share of right answers for who uses all that a window holds, and elsewhere gives the commoner answer."""
    streams = Streams(text_of_modes(20_000, seed + 1000), batch=16)
    known, answers = [], []
    for begin in range(0, streams.length, WINDOW):
        window = streams.window(begin, min(begin + WINDOW, streams.length))
        names = (window.inputs <= MODE_B) | (window.inputs == SAY_A) | (window.inputs == SAY_B)
        asked = (window.targets == SAY_A) | (window.targets == SAY_B)
        known.append((names.cumsum(0) > 0)[asked])
        answers.append((window.targets == SAY_B)[asked])
    named, says_b = torch.cat(known), torch.cat(answers).float()
    guessed = float(says_b[~named].mean())
    return float(named.float().mean()) + float((~named).float().mean()) * max(guessed, 1 - guessed)


class Forecaster(nn.Module):
    """Windows (T, B, 3) of a series to the change of its first column (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = elman.GRU(3, 64)
        self.head = nn.Linear(64, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Read the change off the last state."""
        y, _ = self.layer(x)
        return self.head(y[-1])[:, 0]


def windows_of_a_walk(seed: int, steps: int = 1000, ahead: int = WINDOW) -> tuple[Tensor, Tensor]:
    """Every window of three random walks, (T, N, 3), and the change of the first one `ahead` steps later, (N,)."""
    walk = torch.from_numpy(np.random.default_rng(seed).normal(size=(steps, 3)).cumsum(0)).float()
    x = walk.unfold(0, WINDOW, 1)[:-ahead].permute(2, 0, 1)
    y = (walk[WINDOW - 1 + ahead :] - walk[WINDOW - 1 : -ahead])[:, 0]
    return x / 10, y / y.std()


def forecast(at_random: bool, seed: int = 0, epochs: int = 60) -> tuple[Tensor, Tensor, float]:
    """Train on four fifths of the windows; foretold and real changes of the rest, and the share explained, R²."""
    torch.manual_seed(seed)
    x, y = windows_of_a_walk(seed)
    N = len(y)
    order = torch.randperm(N) if at_random else torch.arange(N)
    gap = 0 if at_random else 2 * WINDOW  # so that no training window or answer reaches into the test part
    train, test = order[: N * 4 // 5 - gap], order[N * 4 // 5 :]
    network = Forecaster()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train))].split(64):
            loss = nn.functional.mse_loss(network(x[:, batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        foretold = network(x[:, test])
    left = (foretold - y[test]).square().mean() / y[test].var(correction=0)
    return foretold, y[test], float(1 - left)


def main() -> None:
    """Run both studies, print what they reach."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--save", metavar="FILE")
    arguments.add_argument("--length", type=int, default=40_000)
    arguments.add_argument("--epochs", type=int, default=60)
    options = arguments.parse_args()
    print(f"answers right, windows of {WINDOW} steps (guessing: 50%)")
    print(f"  shuffled, each from a zero state  {learn_modes(carried=False, length=options.length):6.1%}")
    print(f"  the most that such windows hold   {within_reach():6.1%}")
    print(f"  in order, with the state carried  {learn_modes(carried=True, length=options.length):6.1%}")
    results = {name: forecast(name == "at random", epochs=options.epochs) for name in ("at random", "by time")}
    print("share of a random walk's changes explained, R² (nobody can: 0 or less)")
    for name, (_, _, explained) in results.items():
        print(f"  split {name:10} {explained:6.2f}")
    if options.save:
        save(scatter(results), options.save)


def scatter(results: dict[str, tuple[Tensor, Tensor, float]]) -> Figure:
    """Foretold against real changes, one plot for each way to split."""
    figure = Figure(figsize=(7.5, 3.6), dpi=120, layout="constrained")
    for ax, (name, (foretold, real, explained)) in zip(
        figure.subplots(1, 2, sharey=True), results.items(), strict=True
    ):
        ax.scatter(real, foretold, s=9, color=FORWARD, alpha=0.6, linewidths=0)
        ax.axline((0, 0), slope=1, color=BACKWARD, linewidth=1, linestyle="--")
        ax.set(title=f"split {name}: R² {explained:.2f}", xlabel="real change", ylabel="foretold change")
    return figure


if __name__ == "__main__":
    main()
