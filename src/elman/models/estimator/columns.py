"""Read the columns of training again: a frame's by name, as scikit-learn does, and those of the file of training."""

from collections.abc import Sequence
from typing import Any, TypeVar

import narwhals as nw
import numpy as np

from elman.data.tables import as_frame
from elman.errors import DataError, InputError
from elman.quoting import listed

_Columns = TypeVar("_Columns")
NAMES = "feature_names_in_"


def learn_names(model: Any, source: Any) -> None:
    """Set `feature_names_in_` to the columns of a frame; a model that learns from anything else has no names."""
    frame = as_frame(source)
    if hasattr(model, NAMES):
        delattr(model, NAMES)
    if frame is not None and all(isinstance(name, str) for name in frame.columns):
        setattr(model, NAMES, np.array(frame.columns, dtype=object))


def content_of_names(model: Any) -> dict[str, list[str] | None]:
    """Return what a file has to hold of the names."""
    return {"feature_names": list(getattr(model, NAMES)) if hasattr(model, NAMES) else None}


def set_names(model: Any, content: dict[str, Any]) -> None:
    """Set what `content_of_names` gave; a file of an earlier version has none."""
    if content.get("feature_names") is not None:
        setattr(model, NAMES, np.array(content["feature_names"], dtype=object))


def in_order(model: Any, source: Any, also: Sequence[str | None] = ()) -> Any:
    """Return the columns of a frame in the order of training; anything but a frame, or without names, as it is.

    Args:
        model: the estimator.
        source: what `predict` was given.
        also: columns that may be there and are left out, such as that of the labels.

    Raises:
        DataError: a column of training is missing, or there is one that training did not have.
    """
    frame = as_frame(source)
    if frame is None or not hasattr(model, NAMES):
        return source
    names, there = list(getattr(model, NAMES)), set(frame.columns)
    missing = [name for name in names if name not in there]
    known = {*names, *also}
    extra = [name for name in frame.columns if name not in known]
    if missing or extra:
        wrong = [f"{word} {listed(some)}" for word, some in (("missing", missing), ("unexpected", extra)) if some]
        raise DataError(f"X: The feature names should match those of fit: {'; '.join(wrong)}: give the same columns")
    return nw.to_native(frame.select(names))


def of_file(columns: _Columns | None, instead: str) -> _Columns:
    """Return the columns that a model was trained on.

    Args:
        columns: None where it was trained on no file.
        instead: what it was trained on there.

    Raises:
        InputError: there are none.
    """
    if columns is None:
        raise InputError(f"model: trained on {instead}, not on a file: train it on a file, or call predict")
    return columns
