"""Compare a classifier with its baselines, in tables and as a picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from elman.models.estimator.reports import Grid, Report
from elman.models.scoring.labels import Labels, Targets

LEAST = 1e-12
CLASS_FREQUENCIES = "class frequencies"
"""The name of the predictor that gives every input the frequencies of the classes in training."""


@dataclass(frozen=True)
class Measured:
    """Predicted probabilities and the truth.

    Attributes:
        labels: the classes.
        targets: the truth, as `Labels.encode` has it.
        probabilities: probabilities `(n, K)` by the name of the predictor; the last is the model.
        target: what has a label, such as "sequence".
    """

    labels: Labels
    targets: Targets
    probabilities: dict[str, npt.NDArray[np.float64]]
    target: str = "sequence"

    @property
    def model(self) -> str:
        """The name of the model's own row."""
        return list(self.probabilities)[-1]

    def accuracy(self, name: str) -> float:
        """Return the share of inputs whose label, or whole list of labels, is right."""
        return float((self.decided(name) == self.truth()).all(axis=1).mean())

    def decided(self, name: str) -> npt.NDArray[np.int64]:
        """Return 1 for each class that was said, shape `(n, K)`."""
        probabilities = self.probabilities[name]
        if self.labels.multilabel:
            return (probabilities > 0.5).astype(np.int64)
        return _one_hot(probabilities.argmax(axis=1), len(self.labels))

    def truth(self) -> npt.NDArray[np.int64]:
        """Return 1 for each class that is right, shape `(n, K)`."""
        if self.labels.multilabel:
            return self.targets.astype(np.int64)
        return _one_hot(self.targets.astype(np.int64), len(self.labels))

    def summary(self) -> Grid:
        """Return accuracy, mean F1 over the classes and loss of everyone."""
        rows: list[list[Any]] = []
        for name, probabilities in self.probabilities.items():
            f1 = f1_score(self.truth(), self.decided(name), average="macro", zero_division=0.0)
            rows.append([name, self.accuracy(name), float(f1), mean_nats(probabilities, self.targets)])
        return Grid(["", "accuracy", "mean F1", f"nats/{self.target}"], rows, len(self.targets))

    def by_class(self) -> Grid:
        """Return precision, recall and F1 of the model for each class, and how many inputs are of it."""
        scores = precision_recall_fscore_support(
            self.truth(), self.decided(self.model), average=None, zero_division=0.0
        )
        names = [str(name) for name in self.labels.classes]
        rows = [[name, *map(float, row[:3]), int(row[3])] for name, *row in zip(names, *scores, strict=True)]
        columns = ["class", "precision", "recall", "F1", f"{self.target}s"]
        return Grid(columns, rows, len(self.targets), f"predictions of {self.model}")

    def confusion(self) -> npt.NDArray[np.int64]:
        """Return how many inputs of each class, down, were taken for each class, across."""
        said = self.probabilities[self.model].argmax(axis=1)
        matrix: npt.NDArray[np.int64] = confusion_matrix(self.targets, said, labels=range(len(self.labels)))
        return matrix


def report_of(measured: Measured, title: str) -> Report:
    """Return the report of a measurement."""

    def draw() -> Any:
        from elman.pictures import confusion

        return confusion(measured.confusion(), [str(name) for name in measured.labels.classes])

    return Report(title, [measured.summary(), measured.by_class()], draw=None if measured.labels.multilabel else draw)


def mean_nats(
    probabilities: npt.NDArray[np.float64], targets: Targets, weights: npt.NDArray[np.float32] | None = None
) -> float:
    """Return the mean cross-entropy of probabilities `(n, K)`, in nats; with several labels over classes too.

    Args:
        probabilities: of every class.
        targets: the truth.
        weights: how much each class counts, shape `(K,)`; None counts all alike.
    """
    if targets.ndim == 1:
        numbers = targets.astype(np.int64)
        right, each = probabilities[np.arange(len(targets)), numbers], None if weights is None else weights[numbers]
    else:
        right = np.where(targets > 0.5, probabilities, 1 - probabilities)
        each = None if weights is None else np.broadcast_to(weights, right.shape)
    return float(np.average(-np.log(np.maximum(right, LEAST)), weights=each))


def _one_hot(numbers: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    return np.eye(classes, dtype=np.int64)[numbers]
