"""Spoken vowels as a speech sensor would show them, made: resonances that move from one vowel's place to another's."""

import math

from elman.data.sets.draw import Draw

_PLACES = {"a": (0.73, 1.09, 2.44), "e": (0.53, 1.84, 2.48), "i": (0.27, 2.29, 3.01), "o": (0.57, 0.84, 2.41)}
"""The first three formants in kHz, about where Peterson and Barney (1952) measured them."""
_LABELS = ("a", "e", "i", "o", "ai", "ia", "oi", "io")  # two of one kind differ in their order alone
_KNOWN, _UNSEEN = 240, 120


def vowels(unseen: bool) -> dict[str, list[int | float | str]]:
    """Return a long table: series, step, the label of the series, and four channels; lengths from 7 to 20."""
    table: dict[str, list[int | float | str]] = {
        name: [] for name in ("series", "step", "label", "c0", "c1", "c2", "c3")
    }
    draw = Draw(19 if unseen else 17)
    for number in range(_UNSEEN if unseen else _KNOWN):
        label = draw.one(_LABELS)
        for step, channels in enumerate(_spoken(draw, label)):
            row: tuple[int | float | str, ...] = (number, step, label, *channels)
            for name, value in zip(table, row, strict=True):
                table[name].append(value)
    return table


def _spoken(draw: Draw, label: str) -> list[tuple[float, ...]]:
    """Return a vowel spoken once: the size of a mouth, a speed and a noise of its own."""
    length, mouth, noise = 7 + draw.below(14), draw.between(0.85, 1.2), draw.between(0.02, 0.15)
    first, last = _PLACES[label[0]], _PLACES[label[-1]]
    turn, sharp = draw.between(0.35, 0.65), draw.between(5, 15)
    steps = []
    for step in range(length):
        part = 1 / (1 + math.exp(-sharp * (step / (length - 1) - turn)))
        loud = math.sin(math.pi * (step + 0.5) / length)
        formants = [mouth * (a + part * (b - a)) for a, b in zip(first, last, strict=True)]
        steps.append(tuple(round(value + draw.between(-noise, noise), 4) for value in (*formants, loud)))
    return steps
