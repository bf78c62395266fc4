"""Classify series; MiniRocket and the nearest neighbour by warping are the tools to compare with."""

from functools import partial

from benchmarks.unseen import classifying
from benchmarks.unseen.classifying import POINT
from benchmarks.unseen.peers_series import PEERS
from benchmarks.unseen.sets_series import SETS
from benchmarks.unseen.table import Kind, at_least

KIND = Kind(
    name="series",
    measure="accuracy",
    rule="within a point of the best peer's median",
    sets=SETS,
    elman=classifying.accuracy,
    peers=PEERS,
    misses=partial(at_least, share=POINT),
    verdict=classifying.by_medians(PEERS, POINT),
)
