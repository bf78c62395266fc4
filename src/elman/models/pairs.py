"""Pairs of sequences as the training loop sees them: what is read, and what should be written."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Rows, Sequences
from elman.models.encoder_decoder import EncoderDecoder, Sources
from elman.models.written import batch_of_targets, padded
from elman.train import Batch


@dataclass(frozen=True)
class Pairs:
    """Examples for `ByLength`.

    Attributes:
        network: what learns from them.
        sources: symbols to read.
        targets: symbols to write, each sequence with its end.
        smoothing: see `Decoder.loss`.
        forcing: likewise.
    """

    network: EncoderDecoder
    sources: Sequences
    targets: Sequences
    smoothing: float = 0.0
    forcing: float = 1.0

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of both sides together, `(n,)`."""
        return self.sources.lengths + self.targets.lengths

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss on some of the pairs."""
        source = self.network.read(Sources(*padded(self.sources, rows)))
        targets = batch_of_targets(self.targets, rows)
        loss = self.network.decoder.loss(source, targets, smoothing=self.smoothing, forcing=self.forcing)
        return Batch(loss, int(targets.lengths.sum()))
