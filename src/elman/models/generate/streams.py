"""Cut a text into training and held-out streams."""

from elman.bptt import Streams
from elman.data import Corpus
from elman.errors import DataError
from elman.models.generate.options import TextOptions
from elman.models.networks.next_symbol import HELD_OUT_STREAM

SHORTEST = 20
"""Characters of training text below which nothing can be counted, let alone learned."""


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
