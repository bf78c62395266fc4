"""Translate short texts; looking up, copying and a dictionary of words are the tools to compare with."""

import elman
from benchmarks.unseen.classifying import trained
from benchmarks.unseen.peers_translate import PEERS, figures
from benchmarks.unseen.sets_translate import SETS
from benchmarks.unseen.table import Kind, Score, Scores, Split


def translated(data: Split, seed: int) -> Score:
    """Measure Elman's translator with default options."""
    score, model = Score(), elman.Translator(seed=seed)
    with score.timed():
        model.fit(data.X, data.y)
    score.figures = figures(model.predict(data.asked), data.answers)
    score.note = f"{trained(model)}, answers with {model.answer_.name}, {model.chosen_}"
    return score


def misses(scores: Scores) -> list[str]:
    """Elman's chrF has to be above that of looking up and of copying."""
    return [f"not above {name}" for name in ("look-up", "copy") if scores["Elman"].main <= scores[name].main]


KIND = Kind(
    name="translate",
    measure="chrF, exact",
    rule="chrF above look-up and copying",
    sets=SETS,
    elman=translated,
    peers=PEERS,
    misses=misses,
)
