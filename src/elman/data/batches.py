"""Batches of sequences of similar length, so that most rows of a packed batch last to its end.

An epoch is shuffled, then sorted by length within pools of a few batches, then its batches are shuffled. Each epoch
follows from the seed and its number alone, so that a resumed training finds its place again.
"""

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Rows, longest_first

POOL = 32
"""Batches that are sorted by length together: more sort better, fewer mix better."""


def epoch_batches(lengths: npt.NDArray[np.int64], batch: int, seed: int, epoch: int) -> list[Rows]:
    """Return the batches of one epoch, every sequence in exactly one.

    Args:
        lengths: steps of each sequence, shape `(n,)`.
        batch: sequences in a batch; the last of the epoch's shuffle may have fewer.
        seed: of the whole training.
        epoch: the number of the epoch.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    pools = [order[begin : begin + POOL * batch] for begin in range(0, len(order), POOL * batch)]
    batches = [part for pool in pools for part in _cut(longest_first(lengths, pool), batch)]
    return [batches[at] for at in random.permutation(len(batches))]


def sorted_batches(lengths: npt.NDArray[np.int64], batch: int) -> list[Rows]:
    """Return every sequence once, the longest first: for measuring and predicting, where order matters to nobody."""
    return _cut(longest_first(lengths, np.arange(len(lengths))), batch)


def _cut(rows: Rows, batch: int) -> list[Rows]:
    return [rows[begin : begin + batch] for begin in range(0, len(rows), batch)]
