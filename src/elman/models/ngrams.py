"""The wide part of a classifier of texts: a linear classifier over which pieces of words come.

Wide & Deep (Cheng and others 2016) adds a linear part, which knows by heart, to a network, which generalises. Here the
linear part reads character n-grams within words, weighed by tf-idf, and how much it counts is chosen on texts that
neither part has learned from. scikit-learn cuts, weighs and fits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from elman.models.bag_of_words import Linear, fit_scores, likelihoods
from elman.models.classifier_report import mean_nats
from elman.models.labels import Targets

CHARACTERS = (1, 5)
LEAST_TEXTS = 2
MOST_PIECES = 60_000
SEVERAL_TIMES = 4.0
"""The most that the linear part may count for one part of the network."""


@dataclass(frozen=True)
class NGrams:
    """What a linear classifier over character n-grams learned.

    Attributes:
        pieces: the n-grams, in the order of their columns.
        rarity: how much each counts for coming in few texts (idf), shape `(F,)`.
        linear: slopes and offsets.
        lower: whether capital letters are read as small ones.
    """

    pieces: list[str]
    rarity: npt.NDArray[np.float32]
    linear: Linear
    lower: bool

    @classmethod
    def fit(
        cls, texts: list[str], targets: Targets, several: bool, lower: bool, weights: npt.NDArray[np.float32] | None
    ) -> "NGrams | None":
        """Fit to texts; None where no n-gram comes in two of them.

        Args:
            texts: the training part.
            targets: what `Labels.encode` made of their labels.
            several: whether a text may have several labels.
            lower: whether capital letters are read as small ones.
            weights: of the classes, shape `(K,)`, or None; with several labels they change nothing.
        """
        cutter = _cutter(lower, min_df=LEAST_TEXTS, max_features=MOST_PIECES)
        try:
            found = cutter.fit_transform(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            return None
        linear = fit_scores(found, targets, several, weights)
        return cls(cutter.get_feature_names_out().tolist(), cutter.idf_.astype(np.float32), linear, lower)

    @classmethod
    def of(cls, content: dict[str, Any], tensors: dict[str, Tensor], several: bool) -> "NGrams":
        """Return the n-grams that `content` and `tensors` were made from."""
        linear = Linear(tensors["ngram slopes"].numpy(), tensors["ngram offsets"].numpy(), several)
        return cls(content["pieces"], tensors["ngram rarity"].numpy(), linear, content["lower"])

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"pieces": self.pieces, "lower": self.lower}

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        found = {"slopes": self.linear.slopes, "offsets": self.linear.offsets, "rarity": self.rarity}
        return {f"ngram {name}": torch.from_numpy(array) for name, array in found.items()}

    def scores(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """Return the score of every class for every text, shape `(n, K)`."""
        cutter = _cutter(self.lower, vocabulary=self.pieces)
        cutter.idf_ = self.rarity
        return self.linear.scores(cutter.transform(texts))


def choose_weight(
    network: npt.NDArray[np.float64], ngrams: npt.NDArray[np.float64], targets: Targets, several: bool
) -> float:
    """Return the weight of the n-grams' scores beside the network's that makes the held-out loss least.

    A weight of 1 is expected, give or take 1 (a Gaussian prior), so that few texts do not lead far away from it.

    Args:
        network: held-out scores, shape `(n, K)`.
        ngrams: likewise.
        targets: the truth.
        several: whether a text may have several labels.
    """

    def regret(weight: float) -> float:
        nats = mean_nats(likelihoods(network + weight * ngrams, several), targets)
        return nats * targets.size + (weight - 1) ** 2 / 2

    return float(minimize_scalar(regret, bounds=(0.0, SEVERAL_TIMES), method="bounded").x)


def _cutter(lower: bool, **options: Any) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char_wb", ngram_range=CHARACTERS, sublinear_tf=True, lowercase=lower, **options)
