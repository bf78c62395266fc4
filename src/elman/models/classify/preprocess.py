"""Fit everything that a classifier learns apart from its network: vocabulary or scale, classes and baselines."""

import os
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.inputs import TokenInput, fit_input, input_from_state
from elman.data.items import Items, as_items
from elman.data.sequences import Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tables import as_frame, read_table
from elman.models.classify.columns import Columns
from elman.models.classify.options import ClassifierOptions
from elman.models.estimator.building import check_shapes
from elman.models.estimator.preprocess import InputPreprocessor, PreparedData
from elman.models.scoring.bag_of_words import Linear, fit_linear, likelihoods
from elman.models.scoring.classification import CLASS_FREQUENCIES
from elman.models.scoring.labels import Label, Labels, Targets, as_labels
from elman.models.scoring.ngrams import NGrams
from elman.rounding import counted

Scores: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """Sequences as given and as numbers, and their encoded labels."""

    items: Items
    inputs: Sequences
    targets: Targets

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every sequence and every label."""
        return {"sequences": self.inputs.fingerprint(), "labels": Sequences.of([self.targets]).fingerprint()}


@dataclass(frozen=True)
class Preprocessor(InputPreprocessor):
    """Vocabulary or scale, classes and baselines, fitted on the training part alone.

    Attributes:
        labels: the classes.
        priors: prior probability of each class, shape `(K,)`.
        linear: the baseline that ignores order: the bag of words, or of steps.
        ngrams: the wide part of a classifier of texts; None without it.
    """

    labels: Labels
    priors: npt.NDArray[np.float64]
    linear: Linear
    ngrams: NGrams | None

    @classmethod
    def fit(cls, items: Items, names: list[Label], options: ClassifierOptions) -> "Preprocessor":
        """Learn from the training part.

        Raises:
            DataError: there are fewer than two classes, or a weight is of an unknown one.
        """
        labels = Labels.fit(names)
        found = fit_input(items, options.tokens, options.min_count)
        targets, symbols = labels.encode(names), InputPreprocessor(found).symbols
        priors = labels.priors(targets)
        linear = fit_linear(found.encode(items), targets, symbols, labels.multilabel)
        ngrams = None
        if options.ngrams and isinstance(found, TokenInput) and found.tokens != "symbols":
            weights = labels.weights(options.class_weight, priors)
            ngrams = NGrams.fit(_texts_of(items), targets, labels.multilabel, found.tokens == "words", weights)
        return cls(found, labels, priors, linear, ngrams)

    @classmethod
    def from_state(cls, content: dict[str, Any], tensors: dict[str, Tensor]) -> "Preprocessor":
        """Return the preprocessor that `content` and `tensors` were made from.

        Raises:
            InputError: a tensor is missing or of another shape.
        """
        labels, found = Labels(content["classes"], content["multilabel"]), input_from_state(content["input"])
        width = len(found.vocabulary) if isinstance(found, TokenInput) else 4 * len(found.mean)
        wanted = {"slopes": (len(labels), width), "offsets": (len(labels),)}
        if content["ngrams"] is not None:
            wanted |= NGrams.shapes(content["ngrams"], len(labels))
        check_shapes(tensors, wanted)
        linear = Linear(tensors["slopes"].numpy(), tensors["offsets"].numpy(), labels.multilabel)
        ngrams = None if content["ngrams"] is None else NGrams.from_state(content["ngrams"], tensors, labels.multilabel)
        return cls(found, labels, np.array(content["priors"]), linear, ngrams)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "input": self.input.content(),
            "classes": self.labels.classes.tolist(),
            "multilabel": self.labels.multilabel,
            "priors": self.priors.tolist(),
            "ngrams": None if self.ngrams is None else self.ngrams.content(),
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        own = {"slopes": torch.from_numpy(self.linear.slopes), "offsets": torch.from_numpy(self.linear.offsets)}
        return own if self.ngrams is None else own | self.ngrams.tensors()

    def label(self, items: Items, names: list[Label]) -> Labelled:
        """Return sequences and labels in numbers.

        Raises:
            DataError: a label is none of the classes, or the sequences are of another kind.
        """
        return Labelled(items, self.input.encode(items), self.labels.encode(names))

    def wide(self, items: Items) -> Scores | None:
        """Return the scores `(n, K)` that the n-grams give; None without n-grams."""
        return None if self.ngrams is None else self.ngrams.scores(_texts_of(items))

    def baselines(self, inputs: Sequences, wide: Scores | None) -> dict[str, npt.NDArray[np.float64]]:
        """Return the probabilities `(n, K)` of predictors that need no network, by name.

        Args:
            inputs: sequences in numbers.
            wide: what `wide` returns for the same.
        """
        bag = "bag of words" if self.symbols else "bag of steps"
        found = {
            CLASS_FREQUENCIES: np.tile(self.priors, (len(inputs), 1)),
            bag: self.linear.probabilities(inputs),
        }
        if wide is not None:
            found["n-grams"] = likelihoods(wide, self.labels.multilabel)
        return found


@dataclass(frozen=True)
class Prepared(PreparedData[Labelled, Preprocessor]):
    """The data of one training.

    Attributes:
        columns: the columns of the table that was read; None where `X` and `y` were given.
        read: how much of a table was read, such as "40 rows"; None likewise.
    """

    columns: Columns | None
    read: str | None


def prepare(X: Any, y: Any, options: ClassifierOptions) -> Prepared:
    """Read sequences and labels, split them, and encode both parts.

    Args:
        X: sequences, or a table that holds their labels too: a path or a frame.
        y: a label, or a list of labels, for each sequence; None with a table.
        options: the options of the classifier.

    Raises:
        DataError: the data cannot be used; the message names the row.
    """
    columns = read = None
    if y is None and (isinstance(X, str | os.PathLike) or as_frame(X) is not None):
        table = read_table(X)
        columns = Columns.found(table, options)
        items, y = columns.examples(table)
        read = counted(len(table), "row") + (f", {len(items):,} series" if len(items) < len(table) else "")
    else:
        items = as_items(X)
    labels = as_labels(y, len(items))
    training, held_out = split_rows(len(items), options.validation_fraction, options.split, options.seed, labels)
    parts = [(pick(items, rows), pick(labels, rows)) for rows in (training, held_out)]
    preprocessor = Preprocessor.fit(*parts[0], options)
    return Prepared(
        preprocessor.label(*parts[0]),
        preprocessor.label(*parts[1]) if len(held_out) else None,
        preprocessor,
        count_duplicates(parts[0][0], parts[1][0]),
        columns,
        read,
    )


def _texts_of(items: Items) -> list[str]:
    """Return texts as they are, and lists of symbols with spaces between."""
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in items]
