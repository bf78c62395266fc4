"""Classify series; MiniRocket and the nearest neighbour by warping are the tools to compare with."""

from dataclasses import replace

from benchmarks.unseen.classifying import POINT, kind, medians
from benchmarks.unseen.peers_series import PEERS
from benchmarks.unseen.sets_series import SETS
from benchmarks.unseen.table import Scores

LONG = ("OSULeaf", "early", "ACSF1", "PLAID")
"""The sets whose series have 300 steps or more."""
_ALL = kind("series", SETS, PEERS, POINT)


def _verdict(found: dict[str, Scores]) -> tuple[str, bool]:
    line, met = _ALL.verdict(found) if _ALL.verdict else ("", True)
    long = [scores for name, scores in found.items() if name in LONG]
    if not long:
        return line, met
    ours, theirs = medians(long)
    return f"{line}; of long series {100 * ours:.1f}, the best peer's {100 * theirs:.1f}", met and ours > theirs


KIND = replace(_ALL, rule=f"{_ALL.rule}, of long series above it", verdict=_verdict)
