"""Classify texts; TF-IDF with logistic regression is the tool to compare with."""

from benchmarks.unseen import classifying, peers_text
from benchmarks.unseen.sets_text import SETS
from benchmarks.unseen.table import Kind, at_least

PEERS = {"TF-IDF": peers_text.tfidf}

KIND = Kind(
    name="text",
    measure="accuracy",
    rule="as good as TF-IDF's median",
    sets=SETS,
    elman=classifying.accuracy,
    peers=PEERS,
    misses=at_least,
    verdict=classifying.by_medians(PEERS),
)
