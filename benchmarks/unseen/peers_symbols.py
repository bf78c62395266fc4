"""Classify symbols at fixed positions by tools that see each position as a column."""

from collections.abc import Callable
from typing import Any

from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import OneHotEncoder

from benchmarks.unseen.table import Score, Split


def on_positions(make: Callable[[], Any]) -> Callable[[Split], Score]:
    """Return a peer that measures a classifier on the one-hot symbols of all positions."""

    def measure(data: Split) -> Score:
        score = Score()
        with score.timed():
            encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            model = make().fit(encoder.fit_transform([list(row) for row in data.X]), data.y)
        asked = encoder.transform([list(row) for row in data.asked])
        score.figures["accuracy"] = float(model.score(asked, data.answers))
        return score

    return measure


PEERS = {
    "random forest": on_positions(lambda: RandomForestClassifier(500, random_state=0)),
    "gradient boosting": on_positions(lambda: LGBMClassifier(verbose=-1, random_state=0, n_jobs=1)),
    "naive Bayes": on_positions(BernoulliNB),
}
