"""Configure the demo's model: small enough for words after a few seconds, and sentences after ninety."""

from pathlib import Path

from elman.data import BYTE_ORDER_MARK
from elman.models.generate.estimator import TextGenerator

OPENING = 200
"""Characters. A network that has learned little writes nonsense from the zero state, which training hardly meets."""


def demo_model(minutes: float) -> TextGenerator:
    """Return an untrained generator that trains for so many minutes.

    Raises:
        InputError: minutes are not above 0.
    """
    return TextGenerator(
        hidden_size=256, num_layers=1, embedding_dim=64, batch_size=32, k1=64, learning_rate=4e-3, minutes=minutes
    )


def opening(text: str | Path) -> str:
    """Return how a text begins, a few lines: something for the network to go on from, in characters that it knows."""
    if isinstance(text, Path):
        with text.open(encoding="utf-8", errors="replace") as file:
            text = file.read(OPENING + 1).removeprefix(BYTE_ORDER_MARK)
    return text[:OPENING]
