"""Classify series; MiniRocket and the nearest neighbour by warping are the tools to compare with."""

from functools import partial
from statistics import median

from benchmarks.unseen import classifying
from benchmarks.unseen.peers_series import PEERS
from benchmarks.unseen.sets_series import SETS
from benchmarks.unseen.table import Kind, Scores, at_least

POINT = 0.01


def over_all(found: dict[str, Scores]) -> tuple[str, bool]:
    """Compare the medians over the sets with the better peer's."""
    ours = median(scores["Elman"].main for scores in found.values())
    theirs = max(median(scores[name].main for scores in found.values()) for name in PEERS)
    return f"median {100 * ours:.1f}, the better peer's {100 * theirs:.1f}", ours >= theirs - POINT


KIND = Kind(
    name="series",
    measure="accuracy",
    rule="within a point of the better peer's median",
    sets=SETS,
    elman=classifying.accuracy,
    peers=PEERS,
    misses=partial(at_least, share=POINT),
    verdict=over_all,
)
