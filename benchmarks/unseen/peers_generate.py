"""Predict characters by interpolated n-grams, and by a recurrent network as a plain PyTorch script."""

from collections import defaultdict
from functools import partial

import numpy as np
import torch

from benchmarks.shakespeare import STEPS, Plain, streams_of
from benchmarks.unseen.sets_generate import Text
from benchmarks.unseen.table import Score

ORDERS = range(3, 9)
BATCHES, PATIENCE = (16, 64), 2
EPOCHS, SHOWN = (3, 30), 2_500_000
"""Bounds of the epochs of the plain script, which shows it so many characters with each batch size."""
VALIDATION = 0.1


class WittenBell:
    """Characters after up to `order - 1` others, each order interpolated with the one below (Witten and Bell, 1991)."""

    def __init__(self, text: str, most: int) -> None:
        self.symbols = len(set(text))
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.totals: dict[str, int] = defaultdict(int)
        for size in range(most):
            for at in range(size, len(text)):
                self.counts[text[at - size : at]][text[at]] += 1
        self.totals = {context: sum(found.values()) for context, found in self.counts.items()}

    def nats(self, text: str, before: str, orders: range) -> dict[int, float]:
        """Return the mean loss on a text by order, with the characters before it known."""
        whole, sums = before[-max(orders) :] + text, dict.fromkeys(orders, 0.0)
        for at in range(len(whole) - len(text), len(whole)):
            probability = 1 / self.symbols
            for size in range(max(orders)):
                context = whole[max(0, at - size) : at]
                if context in self.totals:
                    found = self.counts[context]
                    kinds = len(found)
                    probability = (found.get(whole[at], 0) + kinds * probability) / (self.totals[context] + kinds)
                if size + 1 in sums:
                    sums[size + 1] -= np.log(probability)
        return {order: total / len(text) for order, total in sums.items()}


def ngrams(data: Text) -> Score:
    """Return the loss of the order that is best on the end of the training part."""
    score, at = Score(), int(len(data.training) * (1 - VALIDATION))
    with score.timed():
        first, second = data.training[:at], data.training[at:]
        found = WittenBell(first, max(ORDERS)).nats(second, first, ORDERS)
        order = min(found, key=lambda each: found[each])
        model = WittenBell(data.training, order)
    score.figures["nats"] = model.nats(data.test, data.training, range(order, order + 1))[order]
    return score


def script(data: Text) -> Score:
    """Return the loss of the plain script at the batch and epoch that are best on the end of the training part."""
    score, alphabet = Score(), sorted(set(data.training))
    encode = partial(_codes, numbers={letter: number for number, letter in enumerate(alphabet)})
    codes, asked = encode(data.training), encode(data.test)
    at = int(len(codes) * (1 - VALIDATION))
    with score.timed():
        results = [_trained(codes[:at], codes[at:], asked, len(alphabet), batch) for batch in BATCHES]
    score.figures["nats"] = min(results)[1]
    return score


def _codes(text: str, numbers: dict[str, int]) -> torch.Tensor:
    return torch.tensor([numbers[letter] for letter in text])


def _trained(
    training: torch.Tensor, held_out: torch.Tensor, asked: torch.Tensor, symbols: int, batch: int
) -> tuple[float, float]:
    """Return the best held-out loss, and the loss on the test part after the same epoch."""
    torch.manual_seed(0)
    network = Plain(symbols)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    streams, best, worse = streams_of(training, batch), (float("inf"), float("inf")), 0
    for _ in range(min(max(SHOWN // len(training), EPOCHS[0]), EPOCHS[1])):
        state = None
        for first in range(0, len(streams) - 1, STEPS):
            loss, state = network.loss(streams[first : first + STEPS + 1], state)
            state = tuple(part.detach() for part in state)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        now = _loss(network, held_out)
        worse = 0 if now < best[0] else worse + 1
        best = (now, _loss(network, asked)) if now < best[0] else best
        if worse >= PATIENCE:
            break
    return best


@torch.no_grad()
def _loss(network: Plain, codes: torch.Tensor) -> float:
    total, state = 0.0, None
    for first in range(0, len(codes) - 1, STEPS):
        window = codes[first : first + STEPS + 1, None]
        loss, state = network.loss(window, state)
        total += float(loss) * (len(window) - 1)
    return total / (len(codes) - 1)


PEERS = {"n-grams": ngrams, "plain script": script}
