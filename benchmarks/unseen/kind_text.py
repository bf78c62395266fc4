"""Classify texts; TF-IDF with logistic regression is the tool to compare with."""

from benchmarks.unseen.classifying import kind
from benchmarks.unseen.peers_text import tfidf
from benchmarks.unseen.sets_text import SETS

KIND = kind("text", SETS, {"TF-IDF": tfidf})
