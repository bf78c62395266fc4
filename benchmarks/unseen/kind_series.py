"""Classify series; MiniRocket and the nearest neighbour by warping are the tools to compare with."""

from benchmarks.unseen.classifying import POINT, kind
from benchmarks.unseen.peers_series import PEERS
from benchmarks.unseen.sets_series import SETS

KIND = kind("series", SETS, PEERS, POINT)
