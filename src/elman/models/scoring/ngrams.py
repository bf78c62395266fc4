"""Fit a linear classifier over character n-grams and words, which a classifier of texts has next to its network.

Wide & Deep (Cheng and others 2016) adds a linear part, which memorises, to a network, which generalises. Here the
linear part reads character n-grams within words, and words and pairs of words where texts are cut by words, weighed by
tf-idf. `models/scoring/answer.py` weighs the two parts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from elman.data.tokenizer import PlainSplitter
from elman.models.scoring.bag_of_words import Linear, fit_scores
from elman.models.scoring.labels import Targets

LEAST_TEXTS = 2
MOST_PIECES = 60_000
"""Of either kind; the most frequent are kept."""
CUTS: dict[str, dict[str, Any]] = {
    "characters": {"analyzer": "char_wb", "ngram_range": (1, 5)},
    "words": {"ngram_range": (1, 2), "tokenizer": PlainSplitter("words").split, "token_pattern": None},
}
PENALTIES = (3.0, 1.0, 10.0)
"""Inverses of the penalty to choose from."""


@dataclass(frozen=True)
class NGrams:
    """A linear classifier over n-grams.

    Attributes:
        pieces: the n-grams by kind, "characters" and "words", in the order of their columns.
        rarity: how much each counts for coming in few texts (idf), shape `(F,)`.
        linear: slopes and offsets.
        lower: whether capital letters are read as small ones.
    """

    pieces: dict[str, list[str]]
    rarity: npt.NDArray[np.float32]
    linear: Linear
    lower: bool

    @classmethod
    def fit(
        cls, texts: list[str], targets: Targets, multilabel: bool, words: bool, weights: npt.NDArray[np.float32] | None
    ) -> "NGrams | None":
        """Fit to texts; None where no n-gram is in two of them.

        Args:
            texts: the training part.
            targets: what `Labels.encode` made of their labels.
            multilabel: whether a text may have several labels.
            words: whether texts are cut by words: words count too then, and capital letters are read as small ones.
            weights: of the classes, shape `(K,)`, or None; with several labels they change nothing.
        """
        pieces, rarity, found = {}, [], []
        for kind in CUTS if words else ("characters",):
            cutter = _cutter(kind, words, min_df=LEAST_TEXTS, max_features=MOST_PIECES)
            try:
                found.append(cutter.fit_transform(texts))
            except ValueError:  # scikit-learn's word for an empty vocabulary
                continue
            pieces[kind] = cutter.get_feature_names_out().tolist()
            rarity.append(cutter.idf_.astype(np.float32))
        if not pieces:
            return None
        linear = fit_scores(sparse.hstack(found, "csr"), targets, multilabel, weights, PENALTIES)
        return cls(pieces, np.concatenate(rarity), linear, words)

    @classmethod
    def from_state(cls, content: dict[str, Any], tensors: dict[str, Tensor], multilabel: bool) -> "NGrams":
        """Return the n-grams that `content` and `tensors` were made from."""
        linear = Linear(tensors["ngram slopes"].numpy(), tensors["ngram offsets"].numpy(), multilabel)
        return cls(content["pieces"], tensors["ngram rarity"].numpy(), linear, content["lower"])

    @staticmethod
    def shapes(content: dict[str, Any], classes: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the tensors that `content` needs, by name."""
        pieces = sum(len(names) for names in content["pieces"].values())
        return {"ngram slopes": (classes, pieces), "ngram offsets": (classes,), "ngram rarity": (pieces,)}

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"pieces": self.pieces, "lower": self.lower}

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        found = {"slopes": self.linear.slopes, "offsets": self.linear.offsets, "rarity": self.rarity}
        return {f"ngram {name}": torch.from_numpy(array) for name, array in found.items()}

    def scores(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """Return the score of every class for every text, shape `(n, K)`."""
        ends = np.cumsum([len(names) for names in self.pieces.values()])
        found = []
        for (kind, names), rarity in zip(self.pieces.items(), np.split(self.rarity, ends[:-1]), strict=True):
            cutter = _cutter(kind, self.lower, vocabulary=names)
            cutter.idf_ = rarity
            found.append(cutter.transform(texts))
        return self.linear.scores(sparse.hstack(found, "csr"))


def _cutter(kind: str, lower: bool, **options: Any) -> TfidfVectorizer:
    return TfidfVectorizer(sublinear_tf=True, lowercase=lower, **CUTS[kind] | options)
