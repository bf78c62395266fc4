"""Any saved model, whatever its job."""

import os
from pathlib import Path
from typing import Any, TypeVar, overload

from elman.errors import ModelFileError
from elman.models.captioner import Captioner
from elman.models.estimator import Estimator
from elman.models.feed_forward import FeedForward
from elman.models.forecaster import Forecaster
from elman.models.sequence_classifier import SequenceClassifier
from elman.models.sequence_tagger import SequenceTagger
from elman.models.text_generator import TextGenerator
from elman.models.translator import Translator
from elman.models.window_mlp import WindowMLP
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
