"""Score written texts: error rates, chrF and BLEU, and the counts behind chrF.

chrF (Popović 2015, 2017) is the F-score of n-grams of characters, n from 1 to 6, white space left out, recall twice as
heavy as precision. Reports have sacrebleu's. Ours, which equals it, is computed from counts that add up, so that many
choices between two texts a row can be scored at once.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.tokenizer import Kind, PlainSplitter
from elman.data.vocabulary import composed
from elman.errors import DataError
from elman.extras import required_by
from elman.models.estimator.reports import Cell, Grid

Scores = dict[str, float]


def scores_of(got: Sequence[str], wanted: Sequence[str], tokens: Kind) -> Scores:
    """Return scores by name: errors where symbols or single words were written, chrF and BLEU for longer texts.

    Args:
        got: what was written.
        wanted: what should have been.
        tokens: how the writer cuts texts.

    Raises:
        InputError: chrF and BLEU are needed and sacrebleu is not installed.
    """
    if tokens == "symbols":
        return error_scores(got, wanted, "symbols")
    if np.median([len(text.split()) for text in wanted]) < 2:
        return error_scores(got, wanted, "characters")
    return text_scores(got, wanted)


def text_scores(got: Sequence[str], wanted: Sequence[str]) -> Scores:
    """Return chrF and BLEU, both of 100 and over the whole list, and the share that is exactly right.

    chrF (Popović 2015) counts n-grams of characters and is fair to few and short sentences; BLEU (Papineni et al.
    2002) counts n-grams of words. Both are sacrebleu's, with its defaults, so that they compare with published ones.

    Raises:
        InputError: sacrebleu is not installed.
    """
    metrics, (got, wanted) = _sacrebleu(), ([_spaced(text) for text in texts] for texts in (got, wanted))
    chrf, bleu = metrics.corpus_chrf(got, [wanted]).score, metrics.corpus_bleu(got, [wanted]).score
    return {"chrF": float(chrf), "BLEU": float(bleu), "exact": exact(got, wanted)}


def error_scores(got: Sequence[str], wanted: Sequence[str], tokens: Kind) -> Scores:
    """Return the share of wrong symbols (phones, say, or characters), of wrong texts (words), and of right ones."""
    split = PlainSplitter(tokens, "write").split
    got_symbols, wanted_symbols = ([split(_spaced(text)) for text in texts] for texts in (got, wanted))
    return {
        f"{tokens[:-1]} errors": symbol_error_rate(got_symbols, wanted_symbols),
        "text errors": sequence_error_rate(got_symbols, wanted_symbols),
        "exact": exact(got, wanted),
    }


def exact(got: Sequence[str], wanted: Sequence[str]) -> float:
    """Return the share of texts that are what they should be, whatever white space separates their words."""
    return sum(_spaced(a) == _spaced(b) for a, b in zip(got, wanted, strict=True)) / len(wanted)


def _spaced(text: str) -> str:
    """Return a text as every score reads it: letters composed, and one space wherever there is white space."""
    return composed(" ".join(text.split()))


def score_grid(written: Mapping[str, Sequence[str]], wanted: Sequence[str], tokens: Kind) -> Grid:
    """Return a table of the scores of everyone who wrote, by name, in that order."""
    found = {name: scores_of(got, wanted, tokens) for name, got in written.items()}
    columns = list(next(iter(found.values())))
    rows: list[list[Cell]] = [[name, *(scores[column] for column in columns)] for name, scores in found.items()]
    return Grid(["", *columns], rows, len(wanted))


def _sacrebleu() -> Any:
    with required_by("the score of BLEU or chrF"):
        import sacrebleu
    return sacrebleu


def edits(got: Sequence[Hashable], wanted: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and substitutions that turn one sequence into the other (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for done, symbol in enumerate(got, 1):
        diagonal, row[0] = row[0], done
        for at, other in enumerate(wanted, 1):
            diagonal, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, diagonal + (symbol != other))
    return row[-1]


def symbol_error_rate(got: Sequence[Sequence[Hashable]], wanted: Sequence[Sequence[Hashable]]) -> float:
    """Return all edits as a share of all symbols that should have been written; above 1 where too much was.

    Raises:
        DataError: nothing should have been written.
    """
    total = sum(map(len, wanted))
    if total == 0:
        raise DataError("targets: expected at least one symbol to measure errors by, got none: give targets")
    return sum(map(edits, got, wanted)) / total


def sequence_error_rate(got: Sequence[Sequence[Hashable]], wanted: Sequence[Sequence[Hashable]]) -> float:
    """Return the share of sequences that are not just what they should be.

    Raises:
        DataError: there are none.
    """
    if not wanted:
        raise DataError("targets: expected at least one sequence to measure errors by, got none: give targets")
    return sum(list(a) != list(b) for a, b in zip(got, wanted, strict=True)) / len(wanted)


ORDERS = 6
BETA = 2.0
Counts = npt.NDArray[np.int64]
"""`(..., 6, 3)`: for each n the n-grams of the got text, of the wanted text, and of both."""


def count_ngrams(got: Sequence[str], wanted: Sequence[str]) -> Counts:
    """Return the counts of each pair, `(n, 6, 3)`."""
    return np.array([_counts(_bare(a), _bare(b)) for a, b in zip(got, wanted, strict=True)])


def chrf(counts: Counts) -> npt.NDArray[np.float64]:
    """Return chrF, 0 to 100, `(...)`, of counts that were summed over a corpus."""
    produced, wanted, both = (counts[..., k].astype(np.float64) for k in range(3))
    seen = (produced > 0) & (wanted > 0)
    orders = np.maximum(seen.sum(axis=-1), 1)
    precision, recall = (
        np.divide(both, total, out=np.zeros_like(both), where=seen).sum(axis=-1) / orders
        for total in (produced, wanted)
    )
    below = BETA**2 * precision + recall
    scores: npt.NDArray[np.float64] = (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return 100 * scores


def _bare(text: str) -> str:
    return "".join(text.split())


@lru_cache(maxsize=2**13)  # a choice among candidates scores the same texts again and again, in parts
def _counts(got: str, wanted: str) -> list[list[int]]:
    rows = []
    for n in range(1, ORDERS + 1):
        ours, theirs = _ngrams(got, n), _ngrams(wanted, n)
        # as in sacrebleu, n-grams of a length that the wanted text has none of do not count
        rows.append([ours.total() if theirs else 0, theirs.total(), (ours & theirs).total()])
    return rows


def _ngrams(text: str, n: int) -> "Counter[Any]":
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))
