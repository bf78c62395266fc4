"""Translators and captioners on real data, each beside predictors that need no network."""

from collections import Counter
from functools import cache

import numpy as np
import pandas as pd

import elman
from benchmarks import datasets
from benchmarks.registry import Outcome, job
from elman.data.splits import count_duplicates, split_rows
from elman.models.scoring.texts import Scores, exact, scores_of
from elman.models.translate.memory import NearestNeighbour
from elman.models.translate.report import CopySource

PHONES = {"hidden_size": 128, "epochs": 12, "learning_rate": 3e-3, "schedule": "cosine"}
FRENCH = {
    "memory": True,
    "source_tokens": "words",
    "target_tokens": "words",
    "min_count": 2,
    "hidden_size": 192,
    "embedding_dim": 96,
    "dropout": 0.3,
    "batch_size": 32,
    "epochs": 12,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "length_penalty": 1.5,
}
DIGITS = {
    "batch_size": 32,
    "epochs": 12,
    "dropout": 0.4,
    "ema_decay": 0.99,
    "learning_rate": 3e-3,
    "schedule": "linear",
}
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@cache  # two measures of one training are two jobs
def translated(file: str, source: str, target: str, seed: int) -> tuple[dict[str, Scores], float]:
    """Train on the first 90 % of a table; the scores of everyone on the rest, and the seconds of training."""
    table = pd.read_csv(datasets.path(file), dtype=str, keep_default_na=False)
    sources, targets = table[source].to_numpy(), table[target].to_numpy()
    training, held_out = split_rows(len(table), 0.1, "tail")
    known, (asked, wanted) = (
        (sources[training], targets[training]),
        (sources[held_out].tolist(), targets[held_out].tolist()),
    )
    print(f"  {count_duplicates(known[0], asked)} of {len(asked)} held-out sources are in the training part too")
    outcome = Outcome()
    model = elman.Translator(**(PHONES if file == "pronunciations.csv" else FRENCH), seed=seed)
    with outcome.timed():
        model.fit(*known)
    writers = {"elman": model} | {simple.name: simple.fit(*known) for simple in (CopySource(), NearestNeighbour())}
    written = {name: writer.predict(asked) for name, writer in writers.items()}
    written["network"] = model.write(asked)
    tokens = model.preprocessor_.target.kind
    return {name: scores_of(texts, wanted, tokens) for name, texts in written.items()}, outcome.seconds


def measure(of: tuple[dict[str, Scores], float], name: str) -> Outcome:
    scores, seconds = of
    return Outcome({who: found[name] for who, found in scores.items()}, seconds)


@job(
    "phones",
    "pronunciations, letters to phones, last 10 % held out: phone errors",
    "pronunciations.csv",
    at_most=0.12,
    within=180,
    beats=("nearest neighbour",),
)
def phones(seed: int) -> Outcome:
    return measure(translated("pronunciations.csv", "word", "phones", seed), "symbol errors")


@job("spoken", "pronunciations, the same: words with any error", "pronunciations.csv", at_most=0.45)
def spoken(seed: int) -> Outcome:
    return measure(translated("pronunciations.csv", "word", "phones", seed), "text errors")


@job(
    "french",
    "english_french, last 10 % held out: chrF",
    "english_french.csv",
    beats=("copy of the source", "nearest neighbour"),
)
def french(seed: int) -> Outcome:
    return measure(translated("english_french.csv", "source", "target", seed), "chrF")


@job("digits", "mnist_5k, image to spelled word, 20 % drawn: exact", "mnist_5k.npz", at_least=0.96)
def digits(seed: int) -> Outcome:
    with np.load(datasets.path("mnist_5k.npz")) as file:
        images, texts = file["images"], [WORDS[label] for label in file["labels"]]
    training, held_out = split_rows(len(texts), 0.2, "stratified", seed, texts)
    # fit holds out the tail for itself, and the file is sorted by label
    training = np.random.default_rng(seed).permutation(training)
    outcome, model = Outcome(), elman.Captioner(**DIGITS, seed=seed)
    known, wanted = [texts[row] for row in training], [texts[row] for row in held_out]
    with outcome.timed():
        model.fit(images[training], known)
    outcome.figures["elman"] = exact(model.predict(images[held_out]), wanted)
    outcome.figures["commonest text"] = exact(Counter(known).most_common(1)[0][:1] * len(wanted), wanted)
    return outcome
