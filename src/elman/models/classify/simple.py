"""Fit the simple models of a classifier: its baselines, any of which may answer instead of the network or with it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.inputs import SeriesInput, TokenInput
from elman.data.items import Items
from elman.data.sequences import Sequences
from elman.errors import InputError
from elman.models.classify.options import ClassifierOptions
from elman.models.estimator.answer import MIXTURE, NETWORK, Answer, Scores
from elman.models.estimator.building import check_shapes
from elman.models.scoring.bag_of_words import Linear, counts, fit_linear
from elman.models.scoring.classification import CLASS_FREQUENCIES
from elman.models.scoring.convolutions import Convolutions
from elman.models.scoring.labels import Labels, Targets
from elman.models.scoring.ngrams import NGrams
from elman.models.scoring.positions import Columns, Positions, have_positions
from elman.models.scoring.positions_and_trees import PositionsAndTrees
from elman.models.scoring.trees import Trees
from elman.quoting import listed

BAG_OF_WORDS, BAG_OF_STEPS = "bag of words", "bag of steps"
IGNORE_ORDER = (CLASS_FREQUENCIES, BAG_OF_WORDS, BAG_OF_STEPS)
"""Models that a mixture gains nothing from; they may answer alone."""
NGRAMS, CONVOLUTIONS, POSITIONS = "n-grams", "convolutions", "positions"


@dataclass(frozen=True)
class Examples:
    """Sequences as given and as numbers, and their encoded labels."""

    items: Items
    inputs: Sequences
    targets: Targets

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every sequence and every label."""
        return {"sequences": self.inputs.fingerprint(), "labels": Sequences.of([self.targets]).fingerprint()}


@dataclass(frozen=True)
class SimpleModels:
    """Predictors without a network, fitted on the same sequences.

    Attributes:
        labels: the classes.
        priors: prior probability of each class, shape `(K,)`.
        bag: the linear classifier that ignores order: the bag of words, or of steps.
        symbols: whether the sequences are symbols, not numbers.
        ngrams: of texts.
        convolutions: of series of numbers.
        positions: of symbols at fixed positions, with one label each.
    """

    labels: Labels
    priors: Scores
    bag: Linear
    symbols: bool
    ngrams: NGrams | None = None
    convolutions: Convolutions | None = None
    positions: PositionsAndTrees | None = None

    @classmethod
    def fit(
        cls,
        found: TokenInput | SeriesInput,
        examples: Examples,
        labels: Labels,
        options: ClassifierOptions,
        without: Collection[str] = (),
        like: "SimpleModels | None" = None,
    ) -> tuple["SimpleModels", dict[str, Scores]]:
        """Fit what goes with the data, and return it with the scores of each sequence by models that left it out.

        Args:
            found: how the sequences were read.
            examples: the sequences.
            labels: the classes.
            options: the options of the classifier.
            without: names of models that are left out, such as "convolutions".
            like: models of other sequences of the same kind, whose factors are kept.
        """
        inputs, targets, multilabel = examples.inputs, examples.targets, labels.multilabel
        symbols = len(found.vocabulary) if isinstance(found, TokenInput) else None
        priors = labels.priors(targets)
        weights = labels.weights(options.class_weight, priors)
        bag = fit_linear(inputs, targets, symbols, multilabel)
        parts: dict[str, Any] = {}
        left_out: dict[str, Scores] = {}
        if isinstance(found, SeriesInput) and options.convolutions and CONVOLUTIONS not in without:
            parts["convolutions"], left_out[CONVOLUTIONS] = Convolutions.fit(
                inputs, targets, multilabel, weights, options.seed
            )
        if isinstance(found, TokenInput) and found.tokens != "symbols" and options.ngrams:
            parts["ngrams"] = NGrams.fit(
                texts_of(examples.items), targets, multilabel, found.tokens == "words", weights
            )
        if symbols and options.positions and not multilabel and have_positions(inputs, symbols):
            factors = like.positions.factors if like and like.positions else None
            parts["positions"] = PositionsAndTrees.fit(inputs, targets, symbols, weights, options.seed, factors)
        return cls(labels, priors, bag, symbols is not None, **parts), left_out

    def scores(self, items: Items, inputs: Sequences, names: Collection[str] | None = None) -> dict[str, Scores]:
        """Return the scores `(n, K)` of the models, by name: of all, or of those in `names`.

        Args:
            items: sequences as given.
            inputs: the same in numbers.
            names: of the models that are wanted.
        """
        wanted = self.names() if names is None else [name for name in self.names() if name in names]
        texts = texts_of(items) if NGRAMS in wanted else []
        return {name: self._scores(name, texts, inputs) for name in wanted}

    def _scores(self, name: str, texts: list[str], inputs: Sequences) -> Scores:
        if name == CLASS_FREQUENCIES:
            return np.tile(self._log_priors(), (len(inputs), 1))
        if name == NGRAMS:
            return cast(NGrams, self.ngrams).scores(texts)
        if name in (BAG_OF_WORDS, BAG_OF_STEPS):
            return self.bag.scores(counts(inputs, self.bag.slopes.shape[1]))
        models = {CONVOLUTIONS: self.convolutions, POSITIONS: self.positions}
        return cast(PositionsAndTrees, models[name]).scores(inputs)

    def names(self) -> list[str]:
        """Return the names of the models that `scores` knows."""
        found = {NGRAMS: self.ngrams, CONVOLUTIONS: self.convolutions, POSITIONS: self.positions}
        bag = BAG_OF_WORDS if self.symbols else BAG_OF_STEPS
        return [CLASS_FREQUENCIES, bag, *(name for name, model in found.items() if model)]

    def check(self, factors: Collection[str]) -> None:
        """See that an answer is made of these models and the network.

        Raises:
            InputError: it is not.
        """
        if unknown := set(factors) - {NETWORK, *self.names()}:
            raise InputError(f"answer: no model {listed(sorted(unknown))} is in the file")

    def _log_priors(self) -> npt.NDArray[np.float64]:
        odds = np.log(self.priors)
        return odds - np.log(1 - self.priors) if self.labels.multilabel else odds

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "priors": self.priors.tolist(),
            "ngrams": self.ngrams and self.ngrams.content(),
            "dilations": self.convolutions and self.convolutions.dilations,
            "positions": self.positions and self.positions.positions.columns.content(),
            "trees": self.positions and self.positions.trees.content(),
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        found = {"slopes": self.bag.slopes, "offsets": self.bag.offsets}
        if c := self.convolutions:
            found |= {"convolution channels": c.channels, "convolution biases": c.biases}
            found |= {"convolution slopes": c.linear.slopes, "convolution offsets": c.linear.offsets}
        if p := self.positions:
            linear = p.positions.linear
            found |= {"position slopes": linear.slopes, "position offsets": linear.offsets}
        own = {name: torch.from_numpy(array) for name, array in found.items()}
        for model in (self.ngrams, p and p.trees):
            own |= model.tensors() if model else {}
        return own

    @classmethod
    def from_state(
        cls, labels: Labels, found: TokenInput | SeriesInput, content: dict[str, Any], tensors: dict[str, Tensor]
    ) -> "SimpleModels":
        """Return the models that `content` and `tensors` were made from.

        Raises:
            InputError: a tensor is missing or of another shape, or holds what it cannot.
        """
        classes, multilabel, symbols = len(labels), labels.multilabel, isinstance(found, TokenInput)
        width = len(found.vocabulary) if isinstance(found, TokenInput) else len(found.mean)
        wanted = {"slopes": (classes, width if symbols else 4 * width), "offsets": (classes,)}
        if content["ngrams"]:
            wanted |= NGrams.shapes(content["ngrams"], classes)
        if content["dilations"]:
            biases = tensors["convolution biases"].shape[-1] if "convolution biases" in tensors else 1
            wanted |= Convolutions.shapes(content["dilations"], width, biases, classes)
        if content["positions"] and content["trees"]:
            columns = len(content["positions"]["keys"])
            wanted |= {"position slopes": (classes, columns), "position offsets": (classes,)}
            wanted |= Trees.shapes(content["trees"], classes)
        check_shapes(tensors, wanted)
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}

        def linear(name: str) -> Linear:
            return Linear(arrays[f"{name}slopes"], arrays[f"{name}offsets"], multilabel)

        return cls(
            labels,
            np.array(content["priors"]),
            linear(""),
            symbols,
            NGrams.from_state(content["ngrams"], tensors, multilabel) if content["ngrams"] else None,
            Convolutions(
                content["dilations"],
                arrays["convolution channels"],
                arrays["convolution biases"],
                linear("convolution "),
            )
            if content["dilations"]
            else None,
            PositionsAndTrees(
                Positions(Columns.from_state(content["positions"]), linear("position ")),
                Trees.from_state(content["trees"], tensors),
            )
            if content["positions"] and content["trees"]
            else None,
        )


def equal_answer(simple: SimpleModels, network_only: bool) -> Answer:
    """Return the answer where nothing is held out: network and simple models that see order count alike."""
    names = [NETWORK] if network_only else [NETWORK, *(name for name in simple.names() if name not in IGNORE_ORDER)]
    if len(names) == 1:
        return Answer.only()
    return Answer(MIXTURE, {name: 1 / len(names) for name in names})


def texts_of(items: Items) -> list[str]:
    """Return texts as they are, and lists of symbols with spaces between."""
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in items]
