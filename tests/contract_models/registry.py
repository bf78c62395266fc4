"""Every estimator, small, with data that it learns in a second: one entry each, and the suite holds it to all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import elman

SMALL = {"hidden_size": 6, "epochs": 3, "batch_size": 8, "dropout": 0.2}
HELD_OUT = {"validation_fraction": 0.1}
"""Keeps a classifier from cross-validating so few examples."""


@dataclass(frozen=True)
class Case:
    """How to make an estimator, what to fit it on, and what to ask it.

    Attributes:
        make: takes options beyond the small ones.
        data: the arguments of `fit`.
        ask: what the model answers to some input, as NumPy arrays or plain lists that can be compared.
        alone: the same answers, asked for one input at a time; None where answers are not about inputs.
        change: an option, and another value than the small one's.
        raised: an option that is out of range, and what the message says.
    """

    make: Callable[..., Any]
    data: Callable[[], tuple[Any, ...]]
    ask: Callable[[Any], Any]
    alone: Callable[[Any], Any] | None = None
    change: tuple[str, Any] = ("hidden_size", 7)
    raised: tuple[str, Any, str] = ("hidden_size", 0, "hidden_size: should be greater than or equal to 1, got 0")


def texts() -> tuple[list[str], list[str]]:
    random = np.random.default_rng(0)
    words = np.array(["one", "two", "three", "four", "five"])
    rows = [random.choice(words, random.integers(2, 9)).tolist() for _ in range(40)]
    return [" ".join(row) for row in rows], ["many" if len(row) > 4 else "few" for row in rows]


def series() -> tuple[list[np.ndarray], list[int]]:
    random = np.random.default_rng(0)
    return [random.normal(row % 2, 1, (random.integers(1, 7), 3)) for row in range(40)], [row % 2 for row in range(40)]


def wave(count: int) -> list[float]:
    """One series with a season of 4 and noise; a longer one begins like a shorter one."""
    noise = np.random.default_rng(0).normal(size=100)[:count]
    return (np.tile([0.0, 3, 1, -2], 25)[:count] + noise).tolist()


def lengths_of(count: int) -> list[str]:
    return [" ".join(["one", "six", "two"] * n) for n in range(1, count)]


def images() -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(0)
    return random.integers(0, 255, (40, 5, 6), dtype=np.uint8), ["even", "odd"] * 20


def tagged_texts() -> tuple[list[str], list[str]]:
    random = np.random.default_rng(0)
    rows = ["".join(random.choice(list("abc"), random.integers(1, 8))) for _ in range(40)]
    return rows, ["".join("xyz"["abc".index(letter)] for letter in reversed(row)) for row in rows]


def tagged_words() -> tuple[list[str], list[str]]:
    """Texts of more words than are read as symbols, so that words are read by their parts and characters."""
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcde"), 5)) for _ in range(150)]
    rows = [random.choice(words, random.integers(1, 8)).tolist() for _ in range(60)]
    return [" ".join(row) for row in rows], [" ".join("xyzxy"["abcde".index(word[-1])] for word in row) for row in rows]


def tagged_series() -> tuple[list[np.ndarray], list[np.ndarray]]:
    rows, _ = series()
    return rows, [(row[:, 0] > 0.5).astype(int) for row in rows]


def vectors() -> tuple[np.ndarray, list[str]]:
    X = np.random.default_rng(0).normal(5, 2, (40, 3))
    return X, ["up" if x[0] > x[1] else "down" for x in X]


def one_by_one(answer: Callable[[Any], Any], inputs: Any) -> Any:
    return np.concatenate([answer(inputs[k : k + 1]) for k in range(len(inputs))])


def tags_of(model: Any) -> Callable[[Any], Any]:
    return lambda rows: np.concatenate(model.predict_proba(rows))


CASES = {
    "text generator": Case(
        lambda **more: elman.TextGenerator(**SMALL | {"num_layers": 1, "embedding_dim": 4, "k1": 8} | more),
        lambda: ("to be, or not to be, that is the question.\n" * 12,),
        lambda model: model.generate("to", length=20).texts(),
    ),
    "classifier of texts": Case(
        lambda **more: elman.SequenceClassifier(**SMALL | HELD_OUT | {"embedding_dim": 4} | more),
        texts,
        lambda model: model.predict_proba(lengths_of(7)),
        lambda model: one_by_one(model.predict_proba, lengths_of(7)),
    ),
    "classifier of series": Case(
        lambda **more: elman.SequenceClassifier(**SMALL | HELD_OUT | {"cell": "gru", "pooling": "attention"} | more),
        series,
        lambda model: model.predict_proba(series()[0][:7]),
        lambda model: one_by_one(model.predict_proba, series()[0][:7]),
    ),
    "tagger of texts": Case(
        lambda **more: elman.SequenceTagger(**SMALL | {"embedding_dim": 4} | more),
        tagged_texts,
        lambda model: tags_of(model)(tagged_texts()[0][:9]),
        lambda model: one_by_one(tags_of(model), tagged_texts()[0][:9]),
    ),
    "tagger of words": Case(
        lambda **more: elman.SequenceTagger(**SMALL | {"embedding_dim": 4, "character_size": 3} | more),
        tagged_words,
        lambda model: tags_of(model)(tagged_words()[0][:9]),
        lambda model: one_by_one(tags_of(model), tagged_words()[0][:9]),
        change=("character_size", 0),
        raised=("character_size", -1, "character_size: should be greater than or equal to 0, got -1"),
    ),
    "tagger of series": Case(
        lambda **more: elman.SequenceTagger(**SMALL | {"cell": "gru", "num_layers": 2, "bidirectional": False} | more),
        tagged_series,
        lambda model: tags_of(model)(series()[0][:9]),
        lambda model: one_by_one(tags_of(model), series()[0][:9]),
    ),
    "feed forward": Case(
        lambda **more: elman.FeedForward(**SMALL | more),
        vectors,
        lambda model: model.predict_proba(vectors()[0]),
        lambda model: one_by_one(model.predict_proba, vectors()[0]),
    ),
    "window of texts": Case(
        lambda **more: elman.WindowMLP(**SMALL | {"embedding_dim": 4, "window": 3} | more),
        texts,
        lambda model: model.predict_proba(lengths_of(7)),
        lambda model: one_by_one(model.predict_proba, lengths_of(7)),
    ),
    "window of series": Case(
        lambda **more: elman.WindowMLP(**SMALL | {"window": 3, "side": "first"} | more),
        series,
        lambda model: model.predict_proba(series()[0][:7]),
        lambda model: one_by_one(model.predict_proba, series()[0][:7]),
        change=("window", 4),
        raised=("window", 0, "window: should be greater than or equal to 1, got 0"),
    ),
    "forecaster": Case(
        lambda **more: elman.Forecaster(**SMALL | {"horizon": 3, "season": 4, "context": 6, "members": 2} | more),
        lambda: (wave(60),),
        lambda model: model.predict(X=wave(70))[["y", "lo-95", "hi-95"]].to_numpy(),
    ),
    "translator": Case(
        lambda **more: elman.Translator(**SMALL | {"embedding_dim": 4, "beam": 2} | more),
        texts,
        lambda model: model.predict(lengths_of(7)),
        lambda model: one_by_one(model.predict, lengths_of(7)),
    ),
    "captioner": Case(
        lambda **more: elman.Captioner(**SMALL | {"embedding_dim": 4, "features": 5, "beam": 2} | more),
        images,
        lambda model: model.predict(images()[0][:7]),
        lambda model: one_by_one(model.predict, images()[0][:7]),
    ),
}
