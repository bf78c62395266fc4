"""Convert sequences in any accepted form to a list of texts, of lists of symbols, or of arrays of numbers.

Models that write texts take nothing but texts, and none that is empty: `as_texts`.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.numbers import usable
from elman.data.tables import as_frame
from elman.data.vocabulary import composed
from elman.errors import DataError
from elman.limits import LARGEST_NUMBER
from elman.quoting import listed, quote, said

Floats: TypeAlias = npt.NDArray[np.float32]
Items: TypeAlias = list[str] | list[list[str]] | list[Floats]


def as_items(source: Any, what: str = "X") -> Items:
    """Return sequences as one of three kinds.

    Args:
        source: texts; lists of symbols; arrays `(T,)` or `(T, I)` of any T; one array `(n, T)` of n univariate series
            or `(n, T, I)`; or a frame of one text column or of number columns, each row a univariate series.
        what: what to call it in messages.

    Raises:
        DataError: it is none of these, has no rows, or holds numbers that are not finite.
    """
    if isinstance(source, str | bytes):
        raise DataError(f"{what}: expected a list of sequences, got one {type(source).__name__}: put it in a list")
    if isinstance(source, dict | set | frozenset) and not hasattr(source, "toarray"):  # scipy has a sparse dict
        raise DataError(f"{what}: expected a list of sequences, got a {type(source).__name__}: give a list, or a frame")
    source = _out_of_frame(source)
    if hasattr(source, "__array__") and not isinstance(source, np.ndarray):
        source = np.asarray(source)
    if (isinstance(source, np.ndarray) and source.dtype.kind in "biufc") or hasattr(source, "toarray"):
        return _rows_of_array(source, what)
    try:
        items = list(source)
    except TypeError:
        raise DataError(f"{what}: expected a list of sequences, got {type(source).__name__}: give a list") from None
    if not items:
        raise DataError(f"{what}: it has 0 sequences (shape=(0,)), a minimum of 1 is required: give some data")
    if all(isinstance(item, str) for item in items):
        return [composed(str(item)) for item in items]
    if all(_is_symbols(item) for item in items):
        return [[composed(str(symbol)) for symbol in item] for item in items]
    return _series(items, what)


def _out_of_frame(source: Any) -> Any:
    frame = as_frame(source)
    if frame is None:
        return source
    return frame[frame.columns[0]].to_list() if len(frame.columns) == 1 else frame.to_numpy()


def _is_symbols(item: Any) -> bool:
    return isinstance(item, list | tuple | np.ndarray) and len(item) > 0 and all(isinstance(x, str) for x in item)


def _rows_of_array(source: Any, what: str) -> list[Floats]:
    if hasattr(source, "toarray"):
        raise DataError(f"{what}: expected a dense array, got a sparse one: call toarray() first")
    if np.iscomplexobj(source):
        raise DataError(f"{what}: Complex data not supported: give real numbers")
    if source.ndim not in (2, 3):
        raise DataError(
            f"{what}: expected 2D array (n, T) or 3D (n, T, I), got {source.ndim} dimensions. Reshape your data"
        )
    if 0 in source.shape:
        axis = "sample(s)" if source.shape[0] == 0 else "feature(s)"
        raise DataError(f"{what}: 0 {axis} (shape={source.shape}) while a minimum of 1 is required: give some data")
    return _series(list(source), what)


def _series(items: list[Any], what: str) -> list[Floats]:
    parts = [_one_series(item, f"{what}: sequence {row:,}") for row, item in enumerate(items, 1)]
    widths = sorted({part.shape[1] for part in parts})
    if len(widths) > 1:
        raise DataError(f"{what}: expected the same features in every sequence, got {listed(widths)} of them")
    return parts


def _one_series(item: Any, where: str) -> Floats:
    if isinstance(item, str | bytes) or item is None:
        raise DataError(f"{where}: expected numbers as in the others, got {type(item).__name__}: give one kind")
    try:
        values = np.asarray(item)
        values = values if values.dtype.kind in "biuf" else values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where}: expected texts, lists of symbols or numbers ({said(error)})") from error
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.size == 0:
        raise DataError(f"{where}: expected numbers (T,) or (T, I), got shape {values.shape}: give one step or more")
    if not np.isfinite(values).all():
        raise DataError(f"{where}: it contains NaN or infinity: fill the gaps, or leave the sequence out")
    if not usable(values).all():
        raise DataError(f"{where}: expected numbers of at most {LARGEST_NUMBER:.1e}: scale them down")
    return values.astype(np.float32)


def as_texts(texts: Any, what: str, first: int = 1) -> list[str]:
    """Return texts as a list, letters composed and without white space around them.

    Args:
        texts: a list, array or column of texts.
        what: what to call it in messages.
        first: the number of the first one, for messages.

    Raises:
        DataError: it is no list of texts, or empty, or one of them holds nothing but white space.
    """
    if isinstance(texts, str | bytes):
        raise DataError(f"{what}: expected a list of texts, got one text: put it in a list")
    if isinstance(texts, dict | set | frozenset):
        raise DataError(
            f"{what}: expected a list of texts, got a {type(texts).__name__}, which has no order: give a list"
        )
    frame = as_frame(texts)
    if frame is not None:
        if len(frame.columns) != 1:
            raise DataError(f"{what}: expected one column of texts, got {len(frame.columns)}: name one of the frame's")
        texts = frame[frame.columns[0]]
    try:
        found = list(texts)
    except TypeError:
        raise DataError(f"{what}: expected a list of texts, got {type(texts).__name__}") from None
    for row, text in enumerate(found, first):
        if not isinstance(text, str):
            raise DataError(f"{what}: row {row:,}: expected a text, got {quote(text)}: fill it in, or leave it out")
        if not text.strip():
            raise DataError(f"{what}: row {row:,} is empty: fill it in, or leave it out")
    if not found:
        raise DataError(f"{what}: expected at least one text, got none: give some data")
    return [composed(str(text).strip()) for text in found]
