"""Classifiers on real data, each compared with the class frequencies and a bag of words or steps."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedKFold

import elman
from benchmarks import datasets
from benchmarks.registry import Outcome, job
from elman.data.splits import split_rows

MOVIE = {"tokens": "words"}
SURNAMES = {"tokens": "characters"}
VOWELS: dict[str, object] = {}
MNIST: dict[str, object] = {}
PROMOTERS = {"tokens": "characters", "min_count": 1}


def measured(options: dict, seed: int, taught: tuple, unseen: tuple) -> Outcome:
    """Train on one part and measure on another, which training never sees."""
    outcome = Outcome()
    model = elman.SequenceClassifier(**options, seed=seed)
    with outcome.timed():
        model.fit(*taught)
    X, y = unseen
    truth = np.array(y)
    outcome.figures["elman"] = float((model.predict(X) == truth).mean())
    scores = model.simple_.scores(list(X), model.preprocessor_.input.encode(list(X)))
    for name, some in scores.items():
        outcome.figures[name] = float((model.classes_[some.argmax(axis=1)] == truth).mean())
    return outcome


def parts(X: list, y: list, rows: tuple[npt.NDArray, npt.NDArray]) -> tuple[tuple[list, list], tuple[list, list]]:
    first, second = (([X[row] for row in side], [y[row] for row in side]) for side in rows)
    return first, second


def columns(file: str, *names: str) -> list[list[str]]:
    table = pd.read_csv(datasets.path(file), dtype=str, keep_default_na=False)
    return [table[name].tolist() for name in names]


@job("movie", "movie_snippets, words, last 20 % held out: accuracy", "movie_snippets.csv", at_least=0.785, within=60)
def movie(seed: int) -> Outcome:
    X, y = columns("movie_snippets.csv", "text", "label")
    return measured(MOVIE, seed, *parts(X, y, split_rows(len(X), 0.2, "tail")))


@job("surnames", "surnames, characters, 20 % drawn: accuracy", "surnames.csv", at_least=0.86, beats=("bag of words",))
def surnames(seed: int) -> Outcome:
    X, y = columns("surnames.csv", "name", "language")
    return measured(SURNAMES, seed, *parts(X, y, split_rows(len(X), 0.2, "stratified", seed, y)))


@job(
    "vowels",
    "JapaneseVowels, speech, its own split: accuracy",
    "JapaneseVowels_train.csv",
    "JapaneseVowels_test.csv",
    at_least=0.97,
    within=15,
)
def vowels(seed: int) -> Outcome:
    return measured(VOWELS, seed, *(series(datasets.path(f"JapaneseVowels_{part}.csv")) for part in ("train", "test")))


@job("mnist", "mnist_5k, rows as 28 steps, 20 % drawn: accuracy", "mnist_5k.npz", at_least=0.95)
def mnist(seed: int) -> Outcome:
    with np.load(datasets.path("mnist_5k.npz")) as stored:
        X, y = list(stored["images"].astype(np.float32)), stored["labels"].tolist()
    return measured(MNIST, seed, *parts(X, y, split_rows(len(X), 0.2, "stratified", seed, y)))


@job("promoters", "promoters, genetic sequence, mean of 5 folds: accuracy", "promoters.csv", at_least=0.88)
def promoters(seed: int) -> Outcome:
    X, y = columns("promoters.csv", "sequence", "label")
    folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    found = [measured(PROMOTERS, seed, *parts(X, y, rows)) for rows in folds]
    figures = {name: float(np.mean([one.figures[name] for one in found])) for name in found[0].figures}
    return Outcome(figures, sum(one.seconds for one in found))


def series(path: object) -> tuple[list, list]:
    table = pd.read_csv(path)  # type: ignore[call-overload]
    groups = [group for _, group in table.groupby("series")]
    features = [f"c{k}" for k in range(12)]
    return [group[features].to_numpy(np.float32) for group in groups], [int(g["label"].iloc[0]) for g in groups]
