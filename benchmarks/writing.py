"""Characters a second of a text generator, beside the loop that a PyTorch user writes.

    python -m benchmarks.writing [--quick]

Networks have random weights: their speed is that of trained ones. All contestants of a row take turns; one thread.
"""

import argparse
import string
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

from elman.data import Alphabet
from elman.models.estimator.answer import Answer
from elman.models.generate.generation import Generation
from elman.models.generate.options import TextOptions
from elman.models.generate.predictor import Predictor
from elman.models.networks.symbols import SymbolNetwork
from elman.streams import Sampling

ALPHABET = Alphabet(string.ascii_letters + string.digits + " .\n")  # 65 characters
EMBEDDING, SAMPLES = 64, 16
GOALS = {  # layers x H: how many times as fast as the plain loop in float32, in int8, and with 16 samples
    (1, 128): (15, 30, 30),
    (2, 256): (9, 25, 25),
    (1, 512): (5, 20, 20),
}


def elman_writer(network: SymbolNetwork, length: int, samples: int, precision: str) -> Callable[[], object]:
    """Write with Elman."""
    predictor = Predictor(network, None, Answer.only())

    def write() -> object:
        return Generation(
            predictor,
            ALPHABET,
            "\n",
            length=length,
            sampling=Sampling(0.8),
            seed=0,
            stop=None,
            samples=samples,
            precision=precision,
        ).texts()

    return write


def plain_writer(layers: int, hidden: int, length: int) -> Callable[[], object]:
    """Write as a PyTorch user would: the layer, softmax, multinomial."""
    size = len(ALPHABET)
    embed, recurrent = nn.Embedding(size, EMBEDDING), nn.LSTM(EMBEDDING, hidden, layers)
    head = nn.Linear(hidden, size)

    def write() -> object:
        text, state, symbol = [], None, torch.zeros(1, 1, dtype=torch.int64)
        with torch.inference_mode():
            for _ in range(length):
                features, state = recurrent(embed(symbol), state)
                shares = (head(features)[0, 0] / 0.8).softmax(-1)
                symbol = torch.multinomial(shares, 1)[None]
                text.append(ALPHABET.characters[int(symbol)])
        return "".join(text)

    return write


def main() -> int:
    """Print the table; 1 when a ratio misses its goal."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds, missed = 3 if parser.parse_args().quick else 9, 0
    print("\nCharacters a second, one thread, and times the plain loop's")
    print(f"{'':8}{'torch loop':>11}{'float32':>16}{'bfloat16':>16}{'int8':>16}{'16 samples':>16}{'16 in int8':>16}")
    for (layers, hidden), goals in GOALS.items():
        options = TextOptions(cell="lstm", hidden_size=hidden, num_layers=layers, dropout=0.0)
        network = SymbolNetwork(len(ALPHABET), options, EMBEDDING).eval()
        length = 2000
        contestants = {
            "plain": (plain_writer(layers, hidden, length // 4), length // 4),
            "float32": (elman_writer(network, length, 1, "float32"), length),
            "bfloat16": (elman_writer(network, length, 1, "bfloat16"), length),
            "int8": (elman_writer(network, length, 1, "int8"), length),
            "16": (elman_writer(network, length // 4, SAMPLES, "float32"), length // 4 * SAMPLES),
            "16 int8": (elman_writer(network, length // 4, SAMPLES, "int8"), length // 4 * SAMPLES),
        }
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for work, _ in contestants.values():
            work()
        for _ in range(rounds):
            for name, (work, characters) in contestants.items():
                start = time.perf_counter()
                work()
                rates[name].append(characters / (time.perf_counter() - start))
        plain = median(rates.pop("plain"))
        wanted = dict(zip(("float32", "int8", "16"), goals, strict=True))
        line = f"{layers} x {hidden:<4}{plain:>11,.0f}"
        for name, each in rates.items():
            factor = median(each) / plain
            goal = wanted.get(name, 0)
            missed += factor < goal
            line += f"{median(each):>9,.0f} {factor:5.1f}{' ' if factor >= goal else '*'}"
        print(line, flush=True)
    print(f"{missed} of these ratios miss what is asked (*): {GOALS}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
