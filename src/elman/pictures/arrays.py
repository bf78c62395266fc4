"""Convert arguments to arrays of the right shape, or raise an error that says what was expected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import InputError

Floats = npt.NDArray[np.float64]


def array(values: Any, name: str, shape: str, *, complex_: bool = False) -> npt.NDArray[Any]:
    """Return `values` as float64 or complex128 with as many dimensions as `shape` names, none of them 0 long.

    Args:
        values: anything `np.asarray` takes; a tensor may require a gradient and be on any device.
        name: how an error calls it.
        shape: such as "(T, H)".
        complex_: complex numbers are welcome.

    Raises:
        InputError: no numbers, another number of dimensions, or nothing in it.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        made = np.asarray(values)
        kind = np.complex128 if complex_ else np.float64
        if np.iscomplexobj(made) and not complex_:
            raise TypeError("complex numbers")
        made = made.astype(kind)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: expected real numbers of shape {shape}, got {_kind(values)} ({error})") from None
    if made.ndim != shape.count(",") + (not shape.endswith(",)")):
        raise InputError(f"{name}: expected shape {shape}, got {made.shape}{_hint(made, shape)}")
    if not made.size:
        raise InputError(f"{name}: expected shape {shape} with something in it, got {made.shape}")
    return made


def _kind(values: Any) -> str:
    kind = getattr(values, "dtype", type(values).__name__)
    return str(kind)


def _hint(made: npt.NDArray[Any], shape: str) -> str:
    if shape == "(T, H)" and made.ndim == 3:
        return ": choose one sequence of the batch, values[:, b]"
    return ""


def tokens(words: Sequence[str] | None, T: int, name: str) -> list[str] | None:
    """Return the T words of the steps, or None if there are none.

    Raises:
        InputError: another number of words than steps.
    """
    if words is None:
        return None
    if len(words) != T:
        raise InputError(f"{name}: expected {T}, one for each step, got {len(words)}")
    return [str(word) for word in words]


def series(curves: Any, name: str, shape: str, *, complex_: bool = False) -> dict[str, npt.NDArray[Any]]:
    """Return a mapping of names to arrays.

    Raises:
        InputError: no mapping, an empty one, or an array in it that is wrong.
    """
    if not isinstance(curves, Mapping) or not curves:
        raise InputError(f"{name}: expected a dict of names to arrays with one or more in it, got {_described(curves)}")
    return {str(key): array(value, f"{name}[{key!r}]", shape, complex_=complex_) for key, value in curves.items()}


def _described(curves: Any) -> str:
    return "an empty one" if isinstance(curves, Mapping) else type(curves).__name__


def visible(token: str) -> str:
    """Return a token whose blanks can be seen."""
    if token.strip(" "):
        return token.replace("\n", "⏎").replace("\t", "⇥").strip(" ")
    return token.replace(" ", "␣")
