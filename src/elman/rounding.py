"""Round numbers for a reader: significant digits, whatever the size; never 0.0000 for what is not 0."""

import math
from collections.abc import Sequence

DECIMALS, MOST_DECIMALS = 4, 6
"""Digits behind the point of a column, and of one with small numbers."""
FEW, FEW_DECIMALS = 1000, 3
"""Examples below which a score supports no more than so many decimals."""
SIGNIFICANT = 3
"""Digits that each cell of a column shows at least."""
WIDTH, LONGEST = 10, 15
"""Digits of a cell as a rule, and digits before the point from which on it is written with an exponent."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number of things in words: "1 row", "1,200 rows"; `many` is the plural where it is not `one` and s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def column(values: Sequence[float], examples: int | None = None) -> list[str]:
    """Return the cells of one column of a table, with as many decimals each as all of them need.

    Args:
        values: the numbers.
        examples: how many examples they were measured on: fewer than `FEW` support `FEW_DECIMALS` decimals.
    """
    if examples is not None and examples < FEW:
        return [_score(value) for value in values]
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    decimals = _decimals(min(sizes), max(sizes)) if sizes else DECIMALS
    return [_cell(value, decimals) for value in values]


def brief(value: float) -> str:
    """Return one number, such as a loss, with three decimals, or with three significant digits where those are none."""
    return f"{value:.3f}" if value == 0 or 0.01 <= abs(value) < 1e6 else f"{value:.3g}"


def _score(value: float) -> str:
    """Return a score with few decimals; one that they would show as 0 with one digit."""
    if value == 0 or 0.5 * 10**-FEW_DECIMALS <= abs(value) < 10.0**LONGEST or not math.isfinite(value):
        return f"{value:.{FEW_DECIMALS}f}" if value else "0"
    return f"{value:.1g}"


def _decimals(smallest: float, largest: float) -> int:
    whole = max(1, _magnitude(largest) + 1)
    needed = SIGNIFICANT - 1 - _magnitude(smallest)
    if DECIMALS < needed <= min(MOST_DECIMALS, WIDTH - whole):
        return needed
    return min(DECIMALS, max(0, WIDTH - whole))


def _cell(value: float, decimals: int) -> str:
    if value == 0:
        return "0"
    if not math.isfinite(value) or 10.0 ** (SIGNIFICANT - 1 - decimals) <= abs(value) < 10.0**LONGEST:
        return f"{value:.{decimals}f}"
    return f"{value:.5g}" if 1e-4 <= abs(value) < 10.0**LONGEST else f"{value:.4e}"


def _magnitude(size: float) -> int:
    return math.floor(math.log10(size))
