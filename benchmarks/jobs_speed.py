"""An epoch of a tagger beside the same model as a plain PyTorch script with packed sequences, an epoch each in turn.

    python -m benchmarks.jobs_speed

The script is what a PyTorch user writes: batches drawn at random, padded, packed for the recurrent layer, padded again,
with padding left out of the loss. Elman's batches are of like lengths and never padded. Same network, same batch, same
optimiser, same clipping; the median of the epochs counts, the first one, which warms up, left out.
"""

import statistics
import sys
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

import elman
from benchmarks.jobs_tag import letters_and_phones, lines_and_capitals
from benchmarks.registry import DATA
from elman.train import Plan, Sighting, Silent

HIDDEN, EMBEDDING, BATCH, DROPOUT, RATE = 96, 32, 64, 0.3, 3e-3
EPOCHS, ROWS, TIME_AT_MOST = 6, 8000, 0.7
IGNORED = -100


class Plain(nn.Module):
    """The network as a PyTorch user would write it."""

    def __init__(self, symbols: int, tags: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)
        self.recurrent = nn.LSTM(EMBEDDING, HIDDEN, bidirectional=True)
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(2 * HIDDEN, tags)

    def forward(self, symbols: Tensor, lengths: Tensor) -> Tensor:
        """Scores (T, B, K) of padded symbols (T, B)."""
        packed = pack_padded_sequence(self.embed(symbols), lengths, enforce_sorted=False)
        features, _ = pad_packed_sequence(self.recurrent(packed)[0])
        return self.head(self.drop(features))


def plain_script(rows: list, tags: list) -> Iterator[float]:
    """Train; after each epoch, its seconds."""
    torch.manual_seed(0)
    symbols = {symbol: k for k, symbol in enumerate(sorted({s for row in rows for s in row}))}
    names = {tag: k for k, tag in enumerate(sorted({t for row in tags for t in row}))}
    inputs = [torch.tensor([symbols[s] for s in row]) for row in rows]
    targets = [torch.tensor([names[t] for t in row]) for row in tags]
    network = Plain(len(symbols), len(names))
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    while True:
        start = time.perf_counter()
        for part in torch.randperm(len(rows)).split(BATCH):
            x, y = pad_sequence([inputs[k] for k in part]), pad_sequence([targets[k] for k in part], False, IGNORED)
            scores = network(x, torch.tensor([len(inputs[k]) for k in part]))
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
        yield time.perf_counter() - start


class Turns(Silent):
    """After each epoch of Elman's, lets the plain script train one."""

    def __init__(self, rival: Iterator[float]) -> None:
        self.rival = rival
        self.seconds: list[tuple[float, float]] = []

    def started(self, plan: Plan, progress: object) -> None:
        self.since = time.perf_counter()

    def evaluated(self, sighting: Sighting) -> None:
        self.seconds.append((time.perf_counter() - self.since, next(self.rival)))
        self.since = time.perf_counter()


def ratio(rows: list, tags: list) -> tuple[float, float]:
    """Median seconds of an epoch, Elman's and the plain script's."""
    turns = Turns(plain_script(rows, tags))
    model = elman.SequenceTagger(
        hidden=HIDDEN,
        embedding=EMBEDDING,
        batch=BATCH,
        dropout=DROPOUT,
        learning_rate=RATE,
        symbol_dropout=0.0,
        averaging=0.0,
        validation=0.0,
        epochs=EPOCHS,
    )
    model.fit(rows, tags, listener=turns)
    ours, theirs = zip(*turns.seconds[1:], strict=True)
    return statistics.median(ours), statistics.median(theirs)


def main() -> int:
    """Print a line for each job; the number of those that missed what is promised."""
    torch.set_num_threads(2)
    print(
        f"\nTagging, LSTM {HIDDEN} in both directions, B {BATCH}, 2 threads; seconds an epoch, {TIME_AT_MOST} at most"
    )
    missed = 0
    for name, read in (("phones", letters_and_phones), ("capitals", lines_and_capitals)):
        try:
            rows, tags = read()
        except FileNotFoundError as error:
            print(f"{name:10} not run: {error.filename} is not in {DATA}")
            continue
        ours, theirs = ratio(rows[:ROWS], tags[:ROWS])
        missed += ours > TIME_AT_MOST * theirs
        verdict = "met" if ours <= TIME_AT_MOST * theirs else "MISSED"
        print(f"{name:10} elman {ours:7.2f}  plain {theirs:7.2f}  ratio {ours / theirs:5.2f}  {verdict}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
