"""Classify texts by linear models over the TF-IDF of words and of characters."""

from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.unseen.table import Score, Split

VIEWS: dict[str, dict[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\S+"},
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 2},
}


def tfidf(data: Split) -> Score:
    """Return the accuracy of the better view, words or characters, and strength, by cross-validation."""
    score = Score()
    with score.timed():
        best = max(_candidates(), key=lambda pipeline: cross_val_score(pipeline, data.X, data.y, cv=3).mean())
        best.fit(data.X, data.y)
    score.figures["accuracy"] = float(best.score(data.asked, data.answers))
    return score


def _candidates() -> list[Pipeline]:
    return [
        make_pipeline(TfidfVectorizer(sublinear_tf=True, **view), LogisticRegression(C=strength, max_iter=300))
        for view in VIEWS.values()
        for strength in (1.0, 10.0)
    ]
