"""Classify texts; TF-IDF with logistic regression is the tool to compare with."""

from benchmarks.unseen import classifying, peers_text
from benchmarks.unseen.sets_text import SETS
from benchmarks.unseen.table import Kind, at_least

KIND = Kind(
    name="text",
    measure="accuracy",
    rule="as good as TF-IDF",
    sets=SETS,
    elman=classifying.accuracy,
    peers={"TF-IDF": peers_text.tfidf},
    misses=at_least,
)
