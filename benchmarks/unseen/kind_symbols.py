"""Classify symbols at fixed positions; trees and naive Bayes on one-hot positions are the tools to compare with."""

from benchmarks.unseen import classifying
from benchmarks.unseen.peers_symbols import PEERS
from benchmarks.unseen.sets_symbols import SETS
from benchmarks.unseen.table import Kind, at_least

KIND = Kind(
    name="symbols",
    measure="accuracy",
    rule="as good as the best peer",
    sets=SETS,
    elman=classifying.accuracy,
    peers=PEERS,
    misses=at_least,
)
