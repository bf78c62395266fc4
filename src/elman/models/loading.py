"""Load any saved model, whatever its job."""

import os
from pathlib import Path
from typing import Any, TypeVar, overload

from elman.errors import ModelFileError
from elman.models.caption.estimator import Captioner
from elman.models.classify.estimator import SequenceClassifier
from elman.models.estimator.base import Estimator
from elman.models.forecast.estimator import Forecaster
from elman.models.generate.estimator import TextGenerator
from elman.models.tag.estimator import SequenceTagger
from elman.models.translate.estimator import Translator
from elman.models.vectors.estimator import FeedForward
from elman.models.vectors.window_mlp import WindowMLP
from elman.quoting import printable, shorten
from elman.train import read_container

ESTIMATORS: tuple[type[Estimator], ...] = (
    Captioner,
    FeedForward,
    Forecaster,
    SequenceClassifier,
    SequenceTagger,
    TextGenerator,
    Translator,
    WindowMLP,
)
"""Every estimator that can be saved."""


Model = TypeVar("Model", bound=Estimator)


@overload
def load(path: str | os.PathLike[str], *, finite: bool = ...) -> Any: ...
@overload
def load(path: str | os.PathLike[str], expected: type[Model], *, finite: bool = ...) -> Model: ...
def load(path: str | os.PathLike[str], expected: type[Estimator] = Estimator, *, finite: bool = True) -> Estimator:
    """Return the model in a file that Elman wrote. Nothing is unpickled.

    Args:
        path: a .safetensors file.
        expected: the class that the model has to be of; any will do by default.
        finite: whether weights that are not finite are refused; `elman diagnose` reads them to say where they are.

    Raises:
        ModelFileError: the file is missing, truncated, altered, foreign, no model, or a model of another job.
    """
    place = Path(path)
    kind, content, tensors = read_container(place)
    found = next((estimator for estimator in ESTIMATORS if estimator.kind == kind), None)
    if found is None or not issubclass(found, expected):
        wanted = f"the model of a {expected.kind}" if hasattr(expected, "kind") else "a model"
        raise ModelFileError(f"{place}: expected {wanted}, got a {printable(shorten(kind))} file: give the other")
    return found.from_parts(place, content, tensors, finite)
