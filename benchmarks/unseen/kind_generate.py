"""Learn to write texts; interpolated n-grams of characters are the tool to compare with."""

import elman
from benchmarks.unseen.classifying import trained
from benchmarks.unseen.peers_generate import PEERS
from benchmarks.unseen.sets_generate import SETS, Text
from benchmarks.unseen.table import Kind, Score, Scores


def written(data: Text, seed: int) -> Score:
    """Measure Elman's generator with default options."""
    score, model = Score(), elman.TextGenerator(seed=seed)
    with score.timed():
        model.fit(data.training)
    score.figures["nats"] = model.score(data.test)
    baselines = ", ".join(f"{name} {loss:.2f}" for name, loss in model.baselines_.items())
    score.note = f"{trained(model)}; held-out {baselines}"
    return score


def misses(scores: Scores) -> list[str]:
    """Elman's loss has to be below that of the n-grams."""
    return ["not below the n-grams"] if scores["Elman"].main >= scores["n-grams"].main else []


KIND = Kind(
    name="generate",
    measure="nats per character",
    rule="below the n-grams",
    sets=SETS,
    elman=written,
    peers=PEERS,
    misses=misses,
    slow=("plain script",),
)
