"""Score written texts, and compare the scores with those of baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from elman.data.tokenizer import Kind, PlainSplitter
from elman.data.vocabulary import composed
from elman.extras import required_by
from elman.models.estimator.reports import Grid
from elman.models.scoring.error_rates import sequence_error_rate, symbol_error_rate

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
    """Return the share of texts that are what they should be, whatever white space stands between their words."""
    return sum(_spaced(a) == _spaced(b) for a, b in zip(got, wanted, strict=True)) / len(wanted)


def _spaced(text: str) -> str:
    """Return a text as every score reads it: letters composed, and one space wherever there is white space."""
    return composed(" ".join(text.split()))


def score_grid(written: Mapping[str, Sequence[str]], wanted: Sequence[str], tokens: Kind) -> Grid:
    """Return a table of the scores of everyone who wrote, by name, in that order."""
    found = {name: scores_of(got, wanted, tokens) for name, got in written.items()}
    columns = list(next(iter(found.values())))
    return Grid(["", *columns], [[name, *(scores[column] for column in columns)] for name, scores in found.items()])


def _sacrebleu() -> Any:
    with required_by("the score of BLEU or chrF"):
        import sacrebleu
    return sacrebleu
