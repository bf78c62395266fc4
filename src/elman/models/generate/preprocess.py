"""Read a text, and cut it into training and held-out streams of numbers."""

from dataclasses import dataclass
from pathlib import Path

from elman.bptt import Streams
from elman.data import BYTE_ORDER_MARK, Alphabet, Corpus, read_text
from elman.errors import DataError
from elman.models.generate.learning import Counted
from elman.models.generate.options import TextOptions, chosen
from elman.models.networks.next_symbol import HELD_OUT_STREAM

SHORTEST = 20
"""Characters of training text below which nothing can be counted, let alone learned."""
OPENING = 200
"""Characters. A network that has learned little writes nonsense from the zero state, which training hardly meets."""


@dataclass(frozen=True)
class Prepared:
    """The data of one training.

    Attributes:
        training: the training part.
        held_out: the held-out part; None with nothing held out.
        preprocessor: the alphabet of the training part.
        corpus: the whole text as numbers.
        options: the options, with those that were left open chosen for the text.
        counted: the n-grams; None with nothing held out.
    """

    training: Streams
    held_out: Streams | None
    preprocessor: Alphabet
    corpus: Corpus
    options: TextOptions
    counted: Counted | None

    def fingerprint(self) -> dict[str, str]:
        """Return a digest of the text."""
        return {"text": self.corpus.fingerprint()}


def prepare(X: str | Path, y: None, options: TextOptions, errors: str = "strict") -> Prepared:
    """Read a text, split it, and encode both parts.

    Args:
        X: the text itself, or the path of a UTF-8 file.
        y: nothing.
        options: the options of the generator.
        errors: for bytes that are not UTF-8: "strict" refuses, "replace" reads U+FFFD.

    Raises:
        DataError: the text is missing, empty, too short or not UTF-8.
    """
    corpus = read_text(X, options.validation_fraction, options.separator, errors)
    options = chosen(options, len(corpus.training))
    training, held_out = make_streams(str(X) if isinstance(X, Path) else "text", corpus, options)
    return Prepared(training, held_out, corpus.alphabet, corpus, options, Counted.of(corpus) if held_out else None)


def make_streams(name: str, corpus: Corpus, options: TextOptions) -> tuple[Streams, Streams | None]:
    """Return training and held-out streams.

    Raises:
        DataError: the text is so short that a stream would hold nothing.
    """
    least = max(options.batch_size + 1, SHORTEST)
    if len(corpus.training) < least:
        raise DataError(
            f"{name}: too short: {len(corpus.training)} characters to train on, batch_size {options.batch_size} takes "
            f"{least} or more: give more text or a smaller batch"
        )
    training = Streams(corpus.training, options.batch_size, corpus.documents)
    if len(corpus.held_out) < 2:
        return training, None
    rows = max(1, min(options.batch_size, len(corpus.held_out) // HELD_OUT_STREAM))
    return training, Streams(corpus.held_out, rows, corpus.documents - corpus.split)


def opening(text: str | Path) -> str:
    """Return how a text begins, a few lines: something for the network to go on from, in characters that it knows."""
    if isinstance(text, Path):
        with text.open(encoding="utf-8", errors="replace") as file:
            text = file.read(OPENING + 1).removeprefix(BYTE_ORDER_MARK)
    return text[:OPENING]
