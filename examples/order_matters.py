"""Order matters: "happy, not sad" and "sad, not happy" are the same bag of words, and mean the opposite.

Four networks read such sentences, some with a few words in between: a feedforward network on the bag of words, one on a
window of the first words, one on all words in numbered places, padded, and a recurrent one on packed sequences. Each is
asked about new sentences of the lengths it has seen, and about longer ones.

Run it with `python examples/order_matters.py`; `--save states.png` draws how the recurrent network reads a sentence.
"""

import argparse
import random
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

import elman
from elman.pictures import gate_map, save

GOOD, BAD, FILLERS = ["happy", "glad", "proud"], ["sad", "angry", "tired"], ["very", "so", "oh", "well"]
WORDS = [",", "not", *FILLERS, *GOOD, *BAD]
WINDOW, LONGEST = 4, 12  # words that the window holds; words of the longest training sentence
Sentence = list[int]


def sentences(count: int, fillers: range, draw: random.Random) -> list[tuple[Sentence, int]]:
    """Pairs of a sentence and its mood (1 good, 0 bad), each beside its twin with the two adjectives swapped."""
    made = []
    for _ in range(count // 2):
        gaps = [[draw.choice(FILLERS) for _ in range(draw.choice(fillers))] for _ in range(2)]
        good, bad = draw.choice(GOOD), draw.choice(BAD)
        for first, second, mood in ((good, bad, 1), (bad, good, 0)):
            words = [*gaps[0], first, ",", "not", *gaps[1], second]
            made.append(([WORDS.index(word) for word in words], mood))
    return made


def bag(batch: list[Sentence]) -> Tensor:
    """How often each word comes, shape (B, words)."""
    return torch.stack([torch.bincount(torch.tensor(s), minlength=len(WORDS)).float() for s in batch])


def places(batch: list[Sentence], most: int) -> Tensor:
    """The first `most` words one-hot, each in its numbered place, zeros where there is none, shape (B, most*words)."""
    rows = torch.zeros(len(batch), most, len(WORDS))
    for row, sentence in zip(rows, batch, strict=True):
        row[: len(sentence[:most])] = one_hot(sentence[:most])
    return rows.flatten(1)


def one_hot(sentence: Sentence) -> Tensor:
    """The words, shape (T, words)."""
    return nn.functional.one_hot(torch.tensor(sentence), len(WORDS)).float()


class Reader(nn.Module):
    """A recurrent layer over packed sentences; the mood is read off the last state of each."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = elman.GRU(len(WORDS), 16)
        self.head = nn.Linear(16, 2)

    def forward(self, batch: list[Sentence]) -> Tensor:
        """Scores of the two moods, shape (B, 2)."""
        _, h_n = self.layer(pack_sequence([one_hot(s) for s in batch], enforce_sorted=False))
        return self.head(h_n[0])


class Feedforward(nn.Module):
    """One hidden layer over whatever `features` makes of a batch, always of the same width."""

    def __init__(self, features: Callable[[list[Sentence]], Tensor], width: int):
        super().__init__()
        self.features = features
        self.layers = nn.Sequential(nn.Linear(width, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, batch: list[Sentence]) -> Tensor:
        """Scores of the two moods, shape (B, 2)."""
        return self.layers(self.features(batch))


def networks() -> dict[str, nn.Module]:
    """The four of them, by name."""
    return {
        "bag of words": Feedforward(bag, len(WORDS)),
        f"first {WINDOW} words": Feedforward(lambda b: places(b, WINDOW), WINDOW * len(WORDS)),
        f"padded to {LONGEST}": Feedforward(lambda b: places(b, LONGEST), LONGEST * len(WORDS)),
        "recurrent, packed": Reader(),
    }


def train(network: nn.Module, data: list[tuple[Sentence, int]], epochs: int) -> None:
    """Adam on the cross-entropy, in batches of 50."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for epoch in range(epochs):
        random.Random(epoch).shuffle(data)
        for begin in range(0, len(data), 50):
            batch, moods = zip(*data[begin : begin + 50], strict=True)
            loss = nn.functional.cross_entropy(network(list(batch)), torch.tensor(moods))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def accuracy(network: nn.Module, data: list[tuple[Sentence, int]]) -> float:
    """Share of moods that are right."""
    batch, moods = zip(*data, strict=True)
    return float((network(list(batch)).argmax(1) == torch.tensor(moods)).float().mean())


def study(seed: int = 0, epochs: int = 12) -> tuple[dict[str, tuple[int, float, float]], Reader]:
    """Parameters and accuracy on known lengths and on longer sentences, of each network; and the recurrent one."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    known, longer = range(5), range(6, 15)
    data, same, long = sentences(1000, known, draw), sentences(400, known, draw), sentences(400, longer, draw)
    found = {}
    for name, network in networks().items():
        train(network, list(data), epochs)
        size = sum(p.numel() for p in network.parameters())
        found[name] = size, accuracy(network, same), accuracy(network, long)
    return found, network


def padded_state(reader: Reader, sentence: Sentence, zeros: int) -> float:
    """How far the last state moves when a sentence is padded with zeros that the network reads: relative."""
    x = one_hot(sentence)
    with torch.no_grad():
        _, alone = reader.layer(x)
        _, padded = reader.layer(torch.cat([x, torch.zeros(zeros, len(WORDS))]))
    return float((padded - alone).norm() / alone.norm())


def main() -> None:
    """Train all four, print what they reach, and what padding does to a state."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--save", metavar="FILE")
    arguments.add_argument("--epochs", type=int, default=12)
    options = arguments.parse_args()
    found, reader = study(epochs=options.epochs)
    print("                    parameters  known lengths  longer sentences")
    for name, (size, same, long) in found.items():
        print(f"{name:20}{size:10,}{same:15.1%}{long:18.1%}")
    sentence = [WORDS.index(word) for word in ["oh", "very", "happy", ",", "not", "so", "sad"]]
    print(f"a state after 10 steps of padding that were read: {padded_state(reader, sentence, 10):.0%} away")
    if options.save:
        h, _ = reader.layer(one_hot(sentence))
        save(gate_map(h, [WORDS[word] for word in sentence], name="h"), options.save)


if __name__ == "__main__":
    main()
