"""Read tags of segments, such as B-PER and I-PER: which may follow which, and the segments that they mark.

B begins a segment, I or M goes on, E or L ends it, S or U is one of a single step, and O is outside (Ramshaw and Marcus
1995). Segments are counted as in the shared task of CoNLL-2000 (Tjong Kim Sang and Buchholz): one is right where its
first step, its last step and its type are.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

OUTSIDE = "O"
BEGIN, INSIDE, LAST, SINGLE = frozenset("B"), frozenset("IM"), frozenset("EL"), frozenset("SU")
PREFIXES = BEGIN | INSIDE | LAST | SINGLE
Segment = tuple[int, int, str]
"""The first step, the one after the last, and the type."""


def are_segments(tags: Sequence[Any]) -> bool:
    """Say whether different tags mark segments: all are O or have a prefix, and one begins or goes on."""
    marks = [_parts(tag) for tag in tags if isinstance(tag, str)]
    return (
        len(marks) == len(tags) and all(mark[0] for mark in marks) and any(mark[0] in INSIDE | BEGIN for mark in marks)
    )


def _parts(tag: str) -> tuple[str, str]:
    """Return the prefix of a tag and its type; "" as the prefix of a tag that marks no segment."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, name = tag.partition("-")
    return (prefix, name) if dash and prefix in PREFIXES and name else ("", "")


def segments(tags: Sequence[str]) -> Iterator[Segment]:
    """Return the segments that a row of tags marks; a tag that is none ends one as O does."""
    start, name, closed = 0, "", True
    for step, tag in enumerate([*tags, OUTSIDE]):
        prefix, kind = _parts(tag) if isinstance(tag, str) else ("", "")
        new = bool(kind) and (closed or kind != name or prefix in BEGIN | SINGLE)
        if not closed and (new or not kind):
            yield start, step, name
            closed = True
        if new:
            start, name, closed = step, kind, False
        if not closed and prefix in LAST | SINGLE:
            yield start, step + 1, name
            closed = True


def segments_f1(wanted: Sequence[Sequence[Any]], found: Sequence[Sequence[Any]]) -> float:
    """Return the F1 of the segments of all rows; 0 where there are none."""
    right, total = 0, 0
    for rows in zip(wanted, found, strict=True):
        ours, theirs = (set(segments(row)) for row in rows)
        right += 2 * len(ours & theirs)
        total += len(ours) + len(theirs)
    return right / max(total, 1)


def allowed(classes: Sequence[Any], rows: Sequence[Sequence[Any]]) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return which tag may follow which, `(K, K)`, and which may begin and end a row, `(K,)`; None without segments.

    Two rules hold, each where no row breaks it: a segment goes on and ends with the type of the step before; and where
    there are tags for last steps, a segment that has begun goes on.

    Args:
        classes: the tags, in the order of their numbers.
        rows: tags of the training part.
    """
    if not are_segments(classes):
        return None
    marks = [_parts(tag) for tag in classes]
    opened = torch.tensor([prefix in BEGIN | INSIDE for prefix, _ in marks])
    onward = torch.tensor([prefix in INSIDE | LAST for prefix, _ in marks])
    alike = torch.tensor([[kind == other for _, other in marks] for _, kind in marks])
    follow = torch.ones(len(marks), len(marks), dtype=torch.bool)
    start, end = torch.ones(2, len(marks), dtype=torch.bool)
    going = opened[:, None] & onward & alike
    rules = [(going | ~onward, ~onward, end)]
    if any(prefix in LAST for prefix, _ in marks):
        rules.append((going | ~opened[:, None], start, ~opened))
    places = {tag: number for number, tag in enumerate(classes)}
    numbers = [[places[tag] for tag in row] for row in rows]
    for rule in rules:
        if all(_keeps(row, *rule) for row in numbers):
            follow, start, end = follow & rule[0], start & rule[1], end & rule[2]
    return follow, start, end


def _keeps(row: list[int], follow: Tensor, start: Tensor, end: Tensor) -> bool:
    return bool(start[row[0]] and end[row[-1]] and follow[row[:-1], row[1:]].all())
