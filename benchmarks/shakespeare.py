"""The character generator end to end: Elman's recipe beside the same recipe as a plain PyTorch script.

    python -m benchmarks.shakespeare [--epochs 8] [--data DIR]

Both train an LSTM of 2 x 256 on tiny Shakespeare, an epoch each in turn, so that both meet the same machine. Prints the
held-out loss and the seconds of every epoch, held-out measurement included, and the ratio of the times.
"""

import argparse
import sys
import time
from collections.abc import Iterator

import torch
from torch import nn

import elman
from benchmarks import datasets
from elman.train import Callback, Plan, Progress

TEXT = "tinyshakespeare.txt"
HIDDEN, LAYERS, EMBEDDING, BATCH, STEPS = 256, 2, 64, 64, 128
RECIPE = {
    "hidden_size": HIDDEN,
    "num_layers": LAYERS,
    "embedding_dim": EMBEDDING,
    "batch_size": BATCH,
    "k1": STEPS,
    "learning_rate": 2e-3,
    "dropout": 0.0,
    "ema_decay": 0.0,
    "patience": 8,
    "answer": "network",
    "seed": 0,
}
"""A recipe for about a million characters of English."""
LOSS_WITHIN_NATS, TIME_AT_MOST = 0.02, 0.75


class Plain(nn.Module):
    """The network as a PyTorch user would write it."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)
        self.recurrent = nn.LSTM(EMBEDDING, HIDDEN, LAYERS)
        self.head = nn.Linear(HIDDEN, symbols)

    def loss(self, window: torch.Tensor, state):
        """Mean nats over a window (T + 1, B), and the state after it."""
        features, state = self.recurrent(self.embed(window[:-1]), state)
        return nn.functional.cross_entropy(self.head(features).flatten(0, 1), window[1:].flatten()), state


def streams_of(codes: torch.Tensor, batch: int) -> torch.Tensor:
    """(T, batch) contiguous streams."""
    return codes[: len(codes) // batch * batch].view(batch, -1).t().contiguous()


def plain_script(text: str) -> Iterator[tuple[float, float]]:
    """Train; after each epoch, its held-out loss and its seconds."""
    torch.manual_seed(0)
    alphabet = sorted(set(text))
    codes = torch.tensor([alphabet.index(c) for c in text])
    cut = int(len(codes) * 0.9)
    train, held_out = streams_of(codes[:cut], BATCH), streams_of(codes[cut:], BATCH)
    network = Plain(len(alphabet))
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    while True:
        start, state = time.perf_counter(), None
        for first in range(0, len(train) - 1, STEPS):
            loss, state = network.loss(train[first : first + STEPS + 1], state)
            state = tuple(part.detach() for part in state)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        total, count, state = 0.0, 0, None
        with torch.no_grad():
            for first in range(0, len(held_out) - 1, STEPS):
                window = held_out[first : first + STEPS + 1]
                loss, state = network.loss(window, state)
                total, count = total + float(loss) * (len(window) - 1), count + len(window) - 1
        yield total / count, time.perf_counter() - start


class Turns(Callback):
    """After each epoch of Elman's, lets the plain script train one."""

    def __init__(self, rival: Iterator[tuple[float, float]]) -> None:
        self.rival = rival
        self.seconds: list[tuple[float, float]] = []
        self.losses: list[tuple[float, float]] = []

    def on_start(self, plan: Plan, counters: object) -> None:
        self.since = time.perf_counter()

    def on_evaluation(self, progress: Progress) -> None:
        ours = time.perf_counter() - self.since
        their_loss, theirs = next(self.rival)
        our_loss = progress.counters.validation or float("nan")
        self.seconds.append((ours, theirs))
        self.losses.append((our_loss, their_loss))
        print(
            f"{len(self.seconds):5} {our_loss:9.3f} {their_loss:9.3f} {ours:9.1f} {theirs:9.1f} {ours / theirs:7.2f}",
            flush=True,
        )
        self.since = time.perf_counter()


def parsed(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, str]:
    """Return the arguments, and the text, for two threads; exit with one line where it is missing."""
    datasets.add_option(parser)
    arguments = parser.parse_args()
    if missing := datasets.missing([TEXT]):
        sys.exit(missing)
    torch.set_num_threads(2)
    return arguments, datasets.path(TEXT).read_text(encoding="utf-8")


def main() -> None:
    """Run the comparison; exit 1 when it misses what is promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    arguments, text = parsed(parser)
    turns = Turns(plain_script(text))
    print(f"\nTiny Shakespeare, LSTM {LAYERS} x {HIDDEN}, B {BATCH}, T {STEPS}, 2 threads")
    print(f"{'epoch':5} {'elman':>9} {'plain':>9} {'elman':>9} {'plain':>9} {'ratio':>7}")
    print(f"{'':5} {'nats':>9} {'nats':>9} {'s':>9} {'s':>9}")
    elman.TextGenerator(**RECIPE, epochs=arguments.epochs).fit(text, callback=turns)
    ratio = sum(o for o, _ in turns.seconds) / sum(p for _, p in turns.seconds)
    worse = turns.losses[-1][0] - turns.losses[-1][1]
    met = ratio <= TIME_AT_MOST and worse <= LOSS_WITHIN_NATS
    print(
        f"time ratio {ratio:.2f} (at most {TIME_AT_MOST}), loss {worse:+.3f} nats (within {LOSS_WITHIN_NATS}): ", end=""
    )
    print("met" if met else "MISSED")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
