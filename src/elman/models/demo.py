"""The demo's model: small enough to write something like words after a few seconds, and like the text after ninety."""

from pathlib import Path

from elman.data import BYTE_ORDER_MARK
from elman.models.text_generator import TextGenerator


def demo_model(minutes: float) -> TextGenerator:
    """Return an untrained generator that trains for so many minutes.

    Raises:
        InputError: minutes are not above 0.
    """
    return TextGenerator(hidden=256, layers=1, embedding=64, batch=32, k1=64, learning_rate=4e-3, minutes=minutes)


def first_word(text: str | Path) -> str:
    """Return the first word of a text that has one: a prompt whose characters the model knows."""
    if isinstance(text, Path):
        with text.open(encoding="utf-8", errors="replace") as file:
            text = file.read(4096).removeprefix(BYTE_ORDER_MARK)
    return next(iter(text.split()), "")
