"""What a list of translations is worth beside the right ones."""

from collections.abc import Sequence
from typing import Any

from elman.errors import InputError
from elman.models.error_rates import sequence_error_rate, symbol_error_rate


def text_scores(got: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Return chrF and BLEU, both of 100 and over the whole list, and the share that is exactly right.

    chrF (Popović 2015) counts n-grams of characters and is fair to few and short sentences; BLEU (Papineni et al.
    2002) counts n-grams of words. Both are sacrebleu's, with its defaults, so that they compare with published ones.

    Raises:
        InputError: sacrebleu is not installed.
    """
    metrics = _sacrebleu()
    chrf, bleu = (metrics.corpus_chrf(got, [wanted]).score, metrics.corpus_bleu(got, [wanted]).score)
    return {"chrF": chrf, "BLEU": bleu, "exact": exact(got, wanted)}


def symbol_scores(got: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Return the share of wrong symbols (of phones, say), of wrong sequences (words), and of right ones."""
    got_symbols, wanted_symbols = [text.split() for text in got], [text.split() for text in wanted]
    return {
        "symbol error": symbol_error_rate(got_symbols, wanted_symbols),
        "sequence error": sequence_error_rate(got_symbols, wanted_symbols),
        "exact": exact(got, wanted),
    }


def exact(got: Sequence[str], wanted: Sequence[str]) -> float:
    """Return the share of texts that are just what they should be."""
    return sum(a == b for a, b in zip(got, wanted, strict=True)) / len(wanted)


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ImportError as error:
        raise InputError("chrF and BLEU: they need sacrebleu: pip install sacrebleu") from error
    return sacrebleu
