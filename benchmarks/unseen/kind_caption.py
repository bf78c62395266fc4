"""Caption small images; the nearest image and the commonest text are the tools to compare with."""

from collections import Counter

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import elman
from benchmarks.unseen.classifying import trained
from benchmarks.unseen.peers_translate import figures
from benchmarks.unseen.sets_caption import SETS
from benchmarks.unseen.table import Kind, Score, Scores, Split

COMMONEST = "commonest text"


def captioned(data: Split, seed: int) -> Score:
    """Measure Elman's captioner with default options."""
    score, model = Score(), elman.Captioner(seed=seed)
    with score.timed():
        model.fit(np.stack(data.X), data.y)
    score.figures = figures(model.predict(np.stack(data.asked)), data.answers)
    score.note = f"{trained(model)}, answers with {model.answer_.name}, {model.chosen_}"
    return score


def nearest(data: Split) -> Score:
    """Return the scores of the text of the nearest image, pixel by pixel."""
    score = Score()
    with score.timed():
        model = KNeighborsClassifier(1).fit(_flat(data.X), data.y)
    score.figures = figures(list(model.predict(_flat(data.asked))), data.answers)
    return score


def commonest(data: Split) -> Score:
    """Return the scores of the text that is most frequent in the training part."""
    text = Counter(data.y).most_common(1)[0][0]
    return Score(figures([text] * len(data.answers), data.answers))


def _flat(images: list[np.ndarray]) -> np.ndarray:
    return np.stack(images).reshape(len(images), -1).astype(np.float32)


def misses(scores: Scores) -> list[str]:
    """Elman has to be above the commonest text in both figures."""
    ours, theirs = scores["Elman"].figures, scores[COMMONEST].figures
    return [f"{name} not above the {COMMONEST}" for name in ours if ours[name] <= theirs[name]]


KIND = Kind(
    name="caption",
    measure="chrF, exact",
    rule=f"above the {COMMONEST} in both",
    sets=SETS,
    elman=captioned,
    peers={"nearest image": nearest, COMMONEST: commonest},
    misses=misses,
)
