"""Texts and images that come with what is installed: the Zen and the help of Python, scikit-learn's digits."""

import codecs
import io
import unicodedata
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.sets.draw import listed

_SCRIPTS = ("ARABIC", "CHEROKEE", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GREEK")
_DIGITS = listed("zero one two three four five six seven eight nine")
_KNOWN_DIGITS = 1500


def zen() -> str:
    """Return the text that `import this` prints."""
    with redirect_stdout(io.StringIO()):
        import this
    return codecs.decode(this.s, "rot13") + "\n"


def letters(unseen: bool) -> dict[str, list[str]]:
    """Return the columns letter and script: names of letters in Python's tables of Unicode, such as alpha or zhe."""
    names = [unicodedata.name(chr(code), "").split() for code in range(0x10000)]
    kinds = {"LETTER", "SYLLABLE"}
    rows = sorted({(n[-1].lower(), n[0].lower()) for n in names if n and n[0] in _SCRIPTS and kinds & {*n}})
    chosen = [row for at, row in enumerate(rows) if (at % 6 == 5) == unseen]
    return {"letter": [letter for letter, _ in chosen], "script": [script for _, script in chosen]}


def digits(unseen: bool) -> dict[str, npt.NDArray[Any]]:
    """Return images (n, 8, 8) of handwritten digits, and as captions their names."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    part = slice(_KNOWN_DIGITS, None) if unseen else slice(_KNOWN_DIGITS)
    grey = np.round(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return {"images": grey[part], "captions": np.array(_DIGITS)[labels[part]]}
