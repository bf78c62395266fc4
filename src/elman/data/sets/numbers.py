"""Series and images: a published series, made vowels, and scikit-learn's digits."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.sets.draw import Draw, entries

_FIRST_YEAR = 1949
_PASSENGERS = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""
_DIGITS = entries("zero one two three four five six seven eight nine")
_KNOWN_DIGITS = 1500


def airline() -> dict[str, list[str | int]]:
    """Return the columns month, its first day, and passengers of an airline, in thousands.

    Series G of Box and Jenkins, "Time Series Analysis" (1976).
    """
    values: list[str | int] = [int(word) for word in _PASSENGERS.split()]
    months: list[str | int] = [f"{_FIRST_YEAR + at // 12}-{at % 12 + 1:02}-01" for at in range(len(values))]
    return {"month": months, "passengers": values}


_PLACES = {"a": (0.73, 1.09, 2.44), "e": (0.53, 1.84, 2.48), "i": (0.27, 2.29, 3.01), "o": (0.57, 0.84, 2.41)}
"""The first three formants in kHz, about where Peterson and Barney (1952) measured them."""
_LABELS = ("a", "e", "i", "o", "ai", "ia", "oi", "io")  # two of one kind differ in their order alone
_KNOWN_VOWELS, _UNSEEN_VOWELS = 240, 120


def vowels(unseen: bool) -> dict[str, list[int | float | str]]:
    """Return spoken vowels as a speech sensor would show them, made: resonances that move from one to another.

    The table is long: series, step, the label of the series, and four channels; lengths from 7 to 20.
    """
    table: dict[str, list[int | float | str]] = {
        name: [] for name in ("series", "step", "label", "c0", "c1", "c2", "c3")
    }
    draw = Draw(19 if unseen else 17)
    for number in range(_UNSEEN_VOWELS if unseen else _KNOWN_VOWELS):
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


def digits(unseen: bool) -> dict[str, npt.NDArray[Any]]:
    """Return images (n, 8, 8) of handwritten digits, and as captions their names."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    part = slice(_KNOWN_DIGITS, None) if unseen else slice(_KNOWN_DIGITS)
    grey = np.round(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return {"images": grey[part], "captions": np.array(_DIGITS)[labels[part]]}
