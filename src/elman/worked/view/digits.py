"""Print numbers: rounded on paper, exact inside.

Four decimals unless told otherwise; exact ones are printed bare (0.5, 1); small values in scientific form
(4.4e-4), because 0.0004 would hide how many of its digits are known; very large ones likewise.
"""

from functools import lru_cache
from typing import Any

import numpy as np

LARGE = 1e6


@lru_cache(maxsize=65536)  # a number is printed wherever it is an operand
def show(number: float, digits: int = 4) -> str:
    """Print one number: '0.4076', '0.5', '-2', '4.4e-4'."""
    if is_exact(number, digits):
        return _bare(number, digits)
    if abs(number) < 10.0 ** (1 - digits) or abs(number) >= LARGE:
        mantissa, exponent = f"{number:.{max(1, digits - 3)}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{number:.{digits}f}"


def is_exact(number: float, digits: int) -> bool:
    """Tell whether the number is, up to the noise of float64, what the given decimals say."""
    return abs(number) < LARGE and abs(number - round(number, digits)) <= 1e-13 * abs(number)


def rounded(array: Any, digits: int) -> Any:
    """Give the numbers as they are printed."""
    given = np.asarray(array, dtype=np.float64)
    return np.array([float(show(number, digits)) for number in given.reshape(-1).tolist()]).reshape(given.shape)


def _bare(number: float, digits: int) -> str:
    text = f"{round(number, digits):.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
