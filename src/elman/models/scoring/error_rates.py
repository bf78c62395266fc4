"""Count edits between sequences: symbol error rates, such as of phones, and sequence error rates."""

from collections.abc import Hashable, Sequence

from elman.errors import DataError


def edits(got: Sequence[Hashable], wanted: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and substitutions that turn one sequence into the other (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for done, symbol in enumerate(got, 1):
        diagonal, row[0] = row[0], done
        for at, other in enumerate(wanted, 1):
            diagonal, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, diagonal + (symbol != other))
    return row[-1]


def symbol_error_rate(got: Sequence[Sequence[Hashable]], wanted: Sequence[Sequence[Hashable]]) -> float:
    """Return all edits as a share of all symbols that should have been written; above 1 where too much was.

    Raises:
        DataError: nothing should have been written.
    """
    total = sum(map(len, wanted))
    if total == 0:
        raise DataError("targets: expected at least one symbol to measure errors by, got none: give targets")
    return sum(map(edits, got, wanted)) / total


def sequence_error_rate(got: Sequence[Sequence[Hashable]], wanted: Sequence[Sequence[Hashable]]) -> float:
    """Return the share of sequences that are not just what they should be.

    Raises:
        DataError: there are none.
    """
    if not wanted:
        raise DataError("targets: expected at least one sequence to measure errors by, got none: give targets")
    return sum(list(a) != list(b) for a, b in zip(got, wanted, strict=True)) / len(wanted)
