"""Taggers on real data, each beside the tag that came most often with each token.

The two jobs are made from data that is there: the letters of a word and its phones, where there are as many of the one
as of the other; and lines in lower case whose capitals are to be found again.
"""

from typing import Any

import numpy as np
import pandas as pd

import elman
from benchmarks import datasets
from benchmarks.registry import Outcome, job

PHONES: dict[str, Any] = {}
CAPITALS: dict[str, Any] = {"epochs": 3, "split": "tail"}  # the last lines are of other plays, with other speakers
COUNTED = "most frequent tag"


def letters_and_phones() -> tuple[list[str], list[list[str]]]:
    """Words, and a phone for each of their letters."""
    table = pd.read_csv(datasets.path("pronunciations.csv"), dtype=str, keep_default_na=False)
    pairs = [(word, phones.split()) for word, phones in zip(table["word"], table["phones"], strict=True)]
    pairs = [(word, phones) for word, phones in pairs if len(word) == len(phones)]
    return [word for word, _ in pairs], [phones for _, phones in pairs]


def lines_and_capitals() -> tuple[list[str], list[list[str]]]:
    """Lines in lower case, and for each character whether it was a capital."""
    lines = [line for line in datasets.path("tinyshakespeare.txt").read_text(encoding="utf-8").split("\n") if line]
    tags = [["capital" if letter.isupper() else "small" for letter in line] for line in lines]
    return [line.lower() for line in lines], tags


def measured(options: dict, seed: int, rows: list, tags: list, cut: int, of: Any) -> Outcome:
    """Train on the rows before the cut and measure on the others, which training never sees."""
    outcome = Outcome()
    model = elman.SequenceTagger(**options, seed=seed)
    with outcome.timed():
        model.fit(rows[:cut], tags[:cut])
    found = {"elman": model.predict(rows[cut:]), COUNTED: model.predict_counts(rows[cut:])}
    outcome.figures |= {who: of(tags[cut:], each) for who, each in found.items()}
    return outcome


def accuracy(wanted: list, found: list) -> float:
    pairs = zip(wanted, found, strict=True)
    return float(np.mean([tag == other for row, others in pairs for tag, other in zip(row, others, strict=True)]))


def f1_of_capitals(wanted: list, found: list) -> float:
    pairs = [p for rows in zip(wanted, found, strict=True) for p in zip(*rows, strict=True)]
    both = sum(pair == ("capital", "capital") for pair in pairs)
    return 2 * both / sum((tag == "capital") + (other == "capital") for tag, other in pairs)


@job(
    "tagged-phones",
    "pronunciations with a phone for each letter, last 10 % held out: share of right phones",
    "pronunciations.csv",
    at_least=0.87,
    within=60,
    beats=(COUNTED,),
)
def tagged_phones(seed: int) -> Outcome:
    rows, tags = letters_and_phones()
    return measured(PHONES, seed, rows, tags, int(0.9 * len(rows)), accuracy)


@job(
    "capitals",
    "tinyshakespeare in lower case, by line, last 20 % held out: F1 of capital letters",
    "tinyshakespeare.txt",
    at_least=0.9,
    beats=(COUNTED,),
)
def capitals(seed: int) -> Outcome:
    rows, tags = lines_and_capitals()
    return measured(CAPITALS, seed, rows, tags, int(0.8 * len(rows)), f1_of_capitals)
