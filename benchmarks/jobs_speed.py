"""The classifier and the tagger beside the same models as plain PyTorch scripts: seconds an epoch takes.

    python -m benchmarks.jobs_speed [--epochs 2]

A plain script does what is usual: batches drawn in any order, padded to their longest row, and packed for `nn.LSTM`
with `enforce_sorted=False`. Network, dropout, batch size, Adam, clipping and the number of updates are the same;
Elman's running mean of the weights comes on top. Both learn from numbers: reading the texts is not timed. Each trains
some updates in turn, and the medians over the turns count. The mean training losses stand beside them, since speed is
worth nothing where less is learned.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

import elman
from benchmarks import datasets
from benchmarks.jobs_classify import columns
from benchmarks.jobs_tag import letters_and_phones, lines_and_capitals
from elman.models.classify.options import ClassifierOptions
from elman.models.classify.preprocess import Preprocessor as Classes
from elman.models.tag.preprocess import Preprocessor as Tags
from elman.train import Callback, Plan, Progress

HIDDEN, BATCH, DROPOUT, CLIP = 96, 64, 0.3, 5.0
TURN, LINES = 20, 8000
"""Updates that each trains before it is the other's turn; lines of Shakespeare that are tagged."""
NO_TAG = -100
"""The target of a padded step, which `cross_entropy` leaves out."""
RATIO_AT_MOST, LOSS_WITHIN_NATS = 0.7, 0.05

Example = tuple[Tensor, Tensor]


class Plain(nn.Module):
    """The network as a PyTorch user would write it: padded in, packed for the layer, padded out."""

    def __init__(self, symbols: int, embedding: int, width: int, classes: int, input_dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, embedding)
        self.input_drop = nn.Dropout(input_dropout)
        self.recurrent = nn.LSTM(embedding, HIDDEN, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(width, classes)

    def features(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Return the states at every step of padded rows `(B, T)`, shape `(B, T, 2H)`."""
        steps = self.input_drop(self.embed(rows))
        packed = pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)
        return self.drop(states)


class PlainClassifier(Plain):
    """Mean and greatest value of each feature over the steps, and a linear head."""

    def loss(self, rows: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
        states = self.features(rows, lengths)
        inside = (torch.arange(rows.shape[1]) < lengths[:, None])[:, :, None]
        mean = (states * inside).sum(1) / lengths[:, None]
        greatest = states.masked_fill(~inside, -torch.inf).amax(1)
        return cross_entropy(self.head(torch.cat((mean, greatest), 1)), labels)


class PlainTagger(Plain):
    """A linear head on every step."""

    def loss(self, rows: Tensor, lengths: Tensor, tags: Tensor) -> Tensor:
        return cross_entropy(self.head(self.features(rows, lengths)).flatten(0, 1), tags.flatten())


class PlainScript:
    """A training that goes on for as many updates as it is asked to."""

    def __init__(self, network: Plain, examples: list[Example], collate: Callable, learning_rate: float) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
        self._batches = self._endless(DataLoader(examples, BATCH, shuffle=True, collate_fn=collate))  # type: ignore[arg-type]

    @staticmethod
    def _endless(loader: DataLoader) -> Iterator[tuple[Tensor, ...]]:
        while True:
            yield from loader

    def train(self, updates: int) -> float:
        """Return the mean loss of the next updates."""
        total = 0.0
        for _ in range(updates):
            loss = self.network.loss(*next(self._batches))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimizer.step()
            total += loss.item()
        return total / updates


class Turns(Callback):
    """After each part of Elman's training, lets the plain script train as many updates."""

    def __init__(self, rival: PlainScript) -> None:
        self.rival = rival
        self.step = 0
        self.seconds: list[tuple[float, float]] = []
        self.losses: list[tuple[float, float]] = []

    def on_start(self, plan: Plan, counters: object) -> None:
        self.updates = plan.steps_per_epoch
        self.since = time.perf_counter()

    def on_evaluation(self, progress: Progress) -> None:
        ours = time.perf_counter()
        updates = progress.counters.step - self.step
        self.losses += [(progress.train_loss, self.rival.train(updates))] * updates
        theirs = time.perf_counter()
        self.seconds.append(((ours - self.since) / updates, (theirs - ours) / updates))
        self.step, self.since = progress.counters.step, time.perf_counter()

    def epoch(self) -> tuple[float, float]:
        """Return the seconds of an epoch, Elman's and the script's, as the medians have it; the first turn warms up."""
        ours, theirs = zip(*self.seconds[1:], strict=True)
        return statistics.median(ours) * self.updates, statistics.median(theirs) * self.updates

    def loss(self) -> tuple[float, float]:
        """Return the mean losses of all updates, Elman's and the script's."""
        ours, theirs = zip(*self.losses, strict=True)
        return statistics.fmean(ours), statistics.fmean(theirs)


def padded(examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Return rows `(B, T)`, padded with symbol 0, and their lengths `(B,)`."""
    rows = [row for row, _ in examples]
    return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def with_labels(examples: list[Example]) -> tuple[Tensor, ...]:
    return *padded(examples), torch.stack([label for _, label in examples])


def with_tags(examples: list[Example]) -> tuple[Tensor, ...]:
    return *padded(examples), pad_sequence([tags for _, tags in examples], batch_first=True, padding_value=NO_TAG)


def classifier(options: dict[str, Any]) -> Turns:
    """Movie snippets by words."""
    X, y = columns("movie_snippets.csv", "text", "label")
    model = elman.SequenceClassifier(**options, tokens="words", ngrams=False)
    preprocessor = Classes.fit(X, y, ClassifierOptions(tokens="words", ngrams=False))
    found = preprocessor.label(X, y)
    examples = [(torch.from_numpy(found.inputs[k]), torch.tensor(target)) for k, target in enumerate(found.targets)]
    network = PlainClassifier(
        preprocessor.symbols or 0, model.embedding_dim, 4 * HIDDEN, len(preprocessor.labels), model.input_dropout
    )
    turns = Turns(PlainScript(network, examples, with_labels, model.learning_rate))
    model.fit(X, y, callback=turns)
    return turns


def tagger(rows: list[str], tags: list, options: dict[str, Any]) -> Turns:
    """A tag for every letter."""
    model = elman.SequenceTagger(**options, crf=False, answer="network")
    cut = [list(row) for row in rows]
    preprocessor = Tags.fit(cut, tags, "characters", model.min_count)
    found = preprocessor.label(cut, tags)
    wanted = torch.from_numpy(found.tags).split(found.inputs.lengths.tolist())
    examples = [(torch.from_numpy(found.inputs[k]), each) for k, each in enumerate(wanted)]
    network = PlainTagger(
        preprocessor.symbols or 0, model.embedding_dim, 2 * HIDDEN, len(preprocessor.classes), model.input_dropout
    )
    turns = Turns(PlainScript(network, examples, with_tags, model.learning_rate))
    model.fit(rows, tags, callback=turns)
    return turns


JOBS = {
    "classifier, movie snippets": ("movie_snippets.csv", classifier),
    "tagger, phones of words": ("pronunciations.csv", lambda options: tagger(*letters_and_phones(), options)),
    "tagger, capitals of lines": (
        "tinyshakespeare.txt",
        lambda options: tagger(*(part[:LINES] for part in lines_and_capitals()), options),
    ),
}


def main() -> int:
    """Run all; the number of those that missed what they have to reach."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    datasets.add_option(parser)
    epochs = parser.parse_args().epochs
    torch.set_num_threads(2)
    print(f"\nSeconds of an epoch: bidirectional LSTM {HIDDEN}, B {BATCH}, 2 threads; plain is torch.nn, packed")
    print(f"{'':27} {'elman':>8} {'plain':>8} {'ratio':>6}  {'loss':>7} {'plain':>7}", flush=True)
    return sum(not reached(name, *job, epochs) for name, job in JOBS.items())


def reached(name: str, file: str, job: Callable[[dict[str, Any]], Turns], epochs: int) -> bool:
    """Run a job, print its line, and say whether it reached what it has to."""
    if missing := datasets.missing([file]):
        print(f"{name:27} not run: {missing}")
        return True
    torch.manual_seed(0)
    same = {"hidden_size": HIDDEN, "batch_size": BATCH, "dropout": DROPOUT, "clip": CLIP, "symbol_dropout": 0.0}
    turns = job(same | {"epochs": epochs, "validation_fraction": 0, "evaluate_every": TURN})
    ours, theirs = turns.epoch()
    loss, plain = turns.loss()
    met = ours / theirs <= RATIO_AT_MOST and loss - plain <= LOSS_WITHIN_NATS
    print(f"{name:27} {ours:8.2f} {theirs:8.2f} {ours / theirs:6.2f}  {loss:7.3f} {plain:7.3f}", end="")
    print("" if met else f"  MISSED: ratio {RATIO_AT_MOST}, loss {LOSS_WITHIN_NATS} above plain at most", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(main())
