"""Bases with and without a bacterial promoter, made: the two boxes of its consensus, and the room between them."""

from elman.data.sets.draw import Draw, distinct

_FIRST, _SECOND = "ttgaca", "tataat"  # 35 and 10 bases before the gene
_LENGTH, _KEPT = 57, 0.85
_KNOWN, _UNSEEN = 400, 100


def promoters(unseen: bool) -> dict[str, list[str]]:
    """Return the columns sequence and label, + or -. The - have the same boxes the other way round."""
    rows = distinct(23, _KNOWN + _UNSEEN, _row)
    chosen = rows[_KNOWN:] if unseen else rows[:_KNOWN]
    return {"sequence": [sequence for sequence, _ in chosen], "label": [label for _, label in chosen]}


def _row(draw: Draw) -> tuple[str, str]:
    real = draw.chance(0.5)
    first, second = (_FIRST, _SECOND) if real else (_SECOND, _FIRST)
    between = _bases(draw, 16 + draw.below(3))
    boxes = _changed(draw, first) + between + _changed(draw, second)
    before = _bases(draw, draw.below(_LENGTH - len(boxes) + 1))
    return before + boxes + _bases(draw, _LENGTH - len(boxes) - len(before)), "+" if real else "-"


def _bases(draw: Draw, count: int) -> str:
    return "".join(draw.one("acgt") for _ in range(count))


def _changed(draw: Draw, box: str) -> str:
    return "".join(base if draw.chance(_KEPT) else draw.one("acgt") for base in box)
