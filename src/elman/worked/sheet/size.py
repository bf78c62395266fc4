"""Limit the size of a sheet: of what is computed at all, and of what is shown whole."""

from elman.errors import InputError
from elman.limits import SHEET_NUMBERS, SHOWN_NUMBERS
from elman.worked.sheet.problem import Problem


def count(problem: Problem) -> int:
    """Estimate how many numbers the calculation holds: above all, one share of each weight gradient a step."""
    weights = sum(array.size for array in problem.parameters.values())
    steps = sum(sequence.length for sequence in problem.sequences)
    values = 20 * problem.hidden * problem.directions * problem.sheet.layers + 4 * problem.inputs + 8 * problem.outputs
    return steps * (weights + values) + (4 + len(problem.sequences)) * weights


def refuse_if_too_large(problem: Problem) -> None:
    """Refuse a sheet that nobody would read and that would fill the memory."""
    numbers = count(problem)
    if numbers > SHEET_NUMBERS:
        raise InputError(
            f"worksheet: about {numbers:,} numbers, more than the {SHEET_NUMBERS:,} that are worked; "
            "take a smaller hidden size or fewer steps (elman.record keeps the states of a network of any size)"
        )


def refuse_to_show(numbers: int, length: int) -> None:
    """Refuse to print a whole sheet that is too long to read; single values and steps remain."""
    if numbers > SHOWN_NUMBERS:
        raise InputError(
            f"worksheet: {numbers:,} numbers, more than the {SHOWN_NUMBERS:,} shown at once; ask for one value "
            f"(--id dW_hh, --id h.1 to h.{length}, --id dh.1 to dh.{length}) or for one step (--step 1 to {length})"
        )
