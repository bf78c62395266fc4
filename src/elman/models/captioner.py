"""A captioner: sees an image and writes a text."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from elman.data.images import Images, as_images
from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, split_rows
from elman.data.wording import TokensOption, Wording, as_texts
from elman.errors import DataError, InputError
from elman.models.baselines import baselines
from elman.models.by_length import ByLength
from elman.models.estimator import Estimator
from elman.models.image_to_text import ImageToText, SmallImageEncoder
from elman.models.running import Run, RunOptions
from elman.models.translation_scores import exact
from elman.models.writer_settings import CaptionerSettings
from elman.models.written import batch_of_targets, check_targets, write_all
from elman.train import Batch, read_container


@dataclass(frozen=True)
class CaptionedImages:
    """Examples for `ByLength`.

    Attributes:
        network: what learns from them.
        images: what is seen.
        targets: symbols to write, each sequence with its end.
        smoothing: see `Decoder.loss`.
        forcing: likewise.
    """

    network: ImageToText
    images: Images
    targets: Sequences
    smoothing: float = 0.0
    forcing: float = 1.0

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Symbols to write for each image, `(n,)`."""
        return self.targets.lengths

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss on some of the images."""
        source = self.network.see(torch.from_numpy(self.images[rows]))
        targets = batch_of_targets(self.targets, rows)
        loss = self.network.decoder.loss(source, targets, smoothing=self.smoothing, forcing=self.forcing)
        return Batch(loss, int(targets.lengths.sum()))


class Captioner(Estimator):
    """A convolutional encoder sees an image; a recurrent decoder begins from what it saw and writes.

    Args:
        encoder: a torch module that makes vectors `(B, F)` of images `(B, C, rows, columns)`, channels shifted and
            scaled to mean 0 and deviation 1; a copy of it is trained along, but for parameters that need no gradient.
            None takes two small convolutions. A file holds the encoder's weights, not the encoder: see `load`.
        features: length of the vector that the small encoder makes.
        tokens: how texts are cut: "words", "characters", "symbols" (what stands between spaces), or "auto", which looks
            at the training part.
        cell: "lstm", "gru" or "rnn".
        hidden: size of each layer's state.
        layers: recurrent layers.
        embedding: length of the vector learned for each symbol.
        dropout: share of features dropped while training, 0 up to 1.
        min_count: how often a symbol has to come to be known.
        label_smoothing: share of the wanted probability that is spread over all symbols while training.
        teacher_forcing: share of steps that read the right symbol while training; the others read the decoder's own
            choice, which takes one more pass.
        beam: hypotheses that the search goes on with; 1 always takes the likeliest symbol.
        length_penalty: 0 ranks texts by their probability; the larger, the longer they get.
        batch: images in a batch.
        epochs: passes over the images; 8 where neither epochs nor minutes are given.
        minutes: time to train. The first limit reached counts.
        optimizer: "adam", "sgd" (with momentum) or "rmsprop".
        learning_rate: step size.
        momentum: of "sgd" and "rmsprop".
        schedule: "constant", "cosine" or "linear" (to nothing at the last epoch), "exponential" (times `decay` an
            epoch), "plateau" (times `decay` when two evaluations bring nothing).
        decay: factor of "exponential" and "plateau".
        clip: largest global norm of the gradients; None leaves it alone.
        clip_value: largest magnitude of a single gradient; None leaves it alone.
        validation: share of the images, at their end, that is held out to choose the best weights by.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        seed: fixes first weights, shuffling and dropout. Same seed, same images, same weights.

    Attributes:
        wording_: how texts become symbols.
        shape_: rows, columns and channels of the images.
        duplicates_: held-out images that are in the training part too, pixel by pixel.
        network_: the trained network.
        baselines_: held-out nats per symbol of uniform, unigram and bigram; empty with nothing held out.
        progress_: counts and losses of the training.

    Raises:
        InputError: an option is unknown, of the wrong type, or out of range.

    Example:
        >>> import numpy as np
        >>> dark, light = np.zeros((20, 8, 8)), np.ones((20, 8, 8))
        >>> images, texts = np.concatenate((dark, light))[::3], (["dark"] * 20 + ["light"] * 20)[::3]
        >>> model = Captioner(hidden=16, epochs=30, batch=4, learning_rate=0.01, validation=0).fit(images, texts)
        >>> model.predict([np.zeros((8, 8)), np.ones((8, 8))])
        ['dark', 'light']
    """

    kind = "captioner"
    settings_type = CaptionerSettings
    network_: ImageToText
    wording_: Wording

    def __init__(
        self,
        *,
        encoder: nn.Module | None = None,
        features: int = 128,
        tokens: TokensOption = "auto",
        cell: str = "lstm",
        hidden: int = 128,
        layers: int = 1,
        embedding: int = 64,
        dropout: float = 0.2,
        min_count: int = 1,
        label_smoothing: float = 0.0,
        teacher_forcing: float = 1.0,
        beam: int = 5,
        length_penalty: float = 0.6,
        batch: int = 64,
        epochs: int | None = None,
        minutes: float | None = None,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        momentum: float = 0.9,
        schedule: str = "constant",
        decay: float = 0.5,
        clip: float | None = 5.0,
        clip_value: float | None = None,
        validation: float = 0.1,
        patience: int | None = None,
        evaluate_every: int | None = None,
        seed: int = 0,
    ) -> None:
        self._take_options(locals())

    @classmethod
    def load(cls, path: str | os.PathLike[str], encoder: nn.Module) -> "Captioner":
        """Return a saved captioner that was trained with an encoder of its own, which a file cannot hold.

        Args:
            path: a .safetensors file.
            encoder: a module like the one it was trained with; its weights are taken from the file.

        Raises:
            ModelFileError: the file is missing, altered or no captioner, or the encoder does not fit it.
        """
        _, content, tensors = read_container(Path(path), cls.kind)
        return cls.from_parts(Path(path), content | {"settings": content["settings"] | {"encoder": encoder}}, tensors)

    def fit(self, X: Any, y: Any, **run: Unpack[RunOptions]) -> "Captioner":  # noqa: N803  scikit-learn's name
        """Learn captioned images.

        Args:
            X: the images, an array `(n, rows, columns)`, `(n, rows, columns, 1)` or `(n, rows, columns, 3)`, or a list.
            y: a text for each.
            **run: `files`, `resume`, `overwrite`, `listener` and `checkpoint_seconds`, see `models/running.py`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: images differ in size, texts are missing or empty, there are more or fewer texts than images, or
                all texts are the same.
            InputError: `files` cannot be written, the encoder makes no vectors, or `checkpoint_seconds` is negative.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        checked, s = Run.checked(run), self._settings()
        images, texts = as_images(X), as_texts(y, "y")
        check_targets(texts, len(images))
        training, held_out = split_rows(len(images), s.validation)
        self.duplicates_ = count_duplicates(
            (images[i].tobytes() for i in training), (images[i].tobytes() for i in held_out)
        )
        self.wording_ = Wording.learn([texts[i] for i in training], s.tokens, s.min_count)
        self.shape_ = images.shape[1:]
        wanted = self.wording_.read_targets(texts)
        self.longest_ = int(wanted.take(training).lengths.max())
        mean, deviation = _scale(images[training])

        def begin() -> ByLength:
            self._prepare(mean, deviation)
            network = self.network_
            learned = CaptionedImages(
                network, images[training], wanted.take(training), s.label_smoothing, s.teacher_forcing
            )
            measured = CaptionedImages(network, images[held_out], wanted.take(held_out)) if len(held_out) else None
            return written_task(network, learned, measured, self)

        names = {"images": Sequences.of(images).fingerprint(), "texts": wanted.fingerprint()}
        return self._learn(checked, names, begin)
