"""Tag sequences; a conditional random field is the tool to compare with."""

import elman
from benchmarks.unseen.classifying import trained
from benchmarks.unseen.peers_tag import PEERS, figures
from benchmarks.unseen.sets_tag import SETS
from benchmarks.unseen.table import Kind, Score, Scores, Split

TIMES = 3


def tagged(data: Split, seed: int) -> Score:
    """Measure Elman's tagger with default options."""
    score, model = Score(), elman.SequenceTagger(seed=seed)
    with score.timed():
        model.fit(data.X, data.y)
    score.figures = figures(data, model.predict(data.asked))
    counted = figures(data, model.predict_counts(data.asked))
    score.note = f"{trained(model)}; most frequent tag {Score(counted).cell().split('  ')[0]}"
    return score


def misses(scores: Scores) -> list[str]:
    """Elman has to be better than the random field, in less than three times its time."""
    ours, theirs = scores["Elman"], scores["CRFsuite"]
    found = ["not above CRFsuite"] if ours.main <= theirs.main else []
    return found + (["3 x its time or more"] if ours.seconds >= TIMES * theirs.seconds else [])


KIND = Kind(
    name="tag",
    measure="F1 of entities where there are some, accuracy, accuracy on words that training has not",
    rule=f"above CRFsuite in less than {TIMES} x its time",
    sets=SETS,
    elman=tagged,
    peers=PEERS,
    misses=misses,
    judges_seconds=True,
)
