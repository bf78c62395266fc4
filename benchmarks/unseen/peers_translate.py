"""Translate by looking the nearest source up, by copying, and by a dictionary of words (IBM model 1)."""

from collections import defaultdict

from sacrebleu.metrics import CHRF
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.unseen.table import Score, Split

ROUNDS = 8


def figures(found: list[str], wanted: list[str]) -> dict[str, float]:
    """Return chrF, 0 to 1, and the share of texts that are exactly right."""
    hits = sum(text == right for text, right in zip(found, wanted, strict=True))
    return {"chrF": CHRF().corpus_score(found, [wanted]).score / 100, "exact": hits / len(wanted)}


def look_up(data: Split) -> Score:
    """Return the scores of the target whose source is nearest by 1- to 3-grams of characters."""
    score, vectors = Score(), TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3))
    with score.timed():
        known = vectors.fit_transform(data.X)
    nearest = (vectors.transform(data.asked) @ known.T).toarray().argmax(axis=1)
    score.figures = figures([data.y[row] for row in nearest], data.answers)
    return score


def copying(data: Split) -> Score:
    """Return the scores of the source itself."""
    return Score(figures(data.asked, data.answers))


def dictionary(data: Split) -> Score:
    """Return the scores of translating word by word with the likeliest word of IBM model 1."""
    score = Score()
    with score.timed():
        best = _ibm1([text.split() for text in data.X], [text.split() for text in data.y])
    score.figures = figures([" ".join(best.get(w, w) for w in text.split()) for text in data.asked], data.answers)
    return score


def _ibm1(sources: list[list[str]], targets: list[list[str]]) -> dict[str, str]:
    """Return the likeliest target word of each source word."""
    table: dict[tuple[str, str], float] = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        counts: dict[tuple[str, str], float] = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for source, target in zip(sources, targets, strict=True):
            for word in target:
                whole = sum(table[other, word] for other in source)
                for other in source:
                    share = table[other, word] / whole
                    counts[other, word] += share
                    totals[other] += share
        table = defaultdict(float, {pair: count / totals[pair[0]] for pair, count in counts.items()})
    best: dict[str, tuple[float, str]] = {}
    for (other, word), probability in table.items():
        best[other] = max(best.get(other, (0.0, "")), (probability, word))
    return {other: word for other, (_, word) in best.items()}


PEERS = {"look-up": look_up, "copy": copying, "IBM-1": dictionary}
