"""Classify symbols at fixed positions; trees and naive Bayes on one-hot positions are the tools to compare with."""

from benchmarks.unseen.classifying import POINT, kind
from benchmarks.unseen.peers_symbols import PEERS
from benchmarks.unseen.sets_symbols import SETS

KIND = kind("symbols", SETS, PEERS, POINT)
