"""Define `Captioner`, which writes a text for an image."""

import copy
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.images import Images, as_images
from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tokenizer import Tokenizer
from elman.errors import DataError, InputError
from elman.models.caption.files import ImagePiece, read_captioned, stream_images
from elman.models.caption.network import ImageToText, SmallImageEncoder
from elman.models.caption.options import CaptionerOptions
from elman.models.estimator.base import Estimator, of_file
from elman.models.estimator.contents import CaptionerContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.decoder import Source
from elman.models.networks.decoding import LOSS_UNIT, TargetExamples, check_targets, search_of, write_all, writing_task
from elman.models.scoring.texts import exact, score_grid
from elman.train import read_container
from elman.train.run import RunOptions, check_run


class Captioner(Estimator, CaptionerOptions):
    """A convolutional encoder sees an image; a recurrent decoder begins from what it saw and writes.

    Attributes:
        tokenizer_: how texts become symbols.
        shape_: rows, columns and channels of the images.
        commonest_: the text that came most often in the training part.
        columns_: the columns or arrays that images and texts came from, None where they came as arguments.
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
        >>> model = Captioner(hidden_size=16, epochs=30, batch_size=4, learning_rate=0.01, validation_fraction=0)
        >>> model = model.fit(images, texts)
        >>> model.predict([np.zeros((8, 8)), np.ones((8, 8))])
        ['dark', 'light']
    """

    kind = "captioner"
    loss_unit = LOSS_UNIT
    content_type = CaptionerContent
    network_: ImageToText
    tokenizer_: Tokenizer
    columns_: tuple[str, str] | None

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
        options = content.get("options")
        own = content | {"options": options | {"encoder": encoder}} if isinstance(options, dict) else content
        return cls.from_parts(Path(path), own, tensors)

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> "Captioner":
        """Learn captioned images.

        Args:
            X: the images, an array `(n, rows, columns)`, `(n, rows, columns, 1)` or `(n, rows, columns, 3)`, or a list;
                or, with `y` left out, a file that holds both, see `models/caption/files.py`.
            y: a text for each.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

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
        check_run(run)
        s = self._options()
        images, texts = self._examples(X, y, s)
        training, held_out = split_rows(len(images), s.validation_fraction)
        self.duplicates_ = count_duplicates(images[training], images[held_out])
        known = pick(texts, training)
        self.tokenizer_ = Tokenizer.fit(known, s.tokens, s.min_count)
        self.commonest_ = Counter(known).most_common(1)[0][0]
        self.shape_ = images.shape[1:]
        wanted = self.tokenizer_.read_targets(texts)
        self.longest_ = int(wanted.take(training).lengths.max())
        mean, deviation = _scale(images[training])

        def part(rows: Rows, *training_only: float) -> TargetExamples:
            return self._target_examples(images[rows], wanted.take(rows), *training_only)

        def begin() -> ByLength:
            self._prepare(mean, deviation)
            learned = part(training, s.label_smoothing, s.teacher_forcing)
            measured = part(held_out) if len(held_out) else None
            task = writing_task(self.network_, learned, measured, s, len(self.tokenizer_.vocabulary))
            self.baselines_ = task.baselines
            return task

        names = {"images": Sequences.of(list(images)).fingerprint(), "texts": wanted.fingerprint()}
        return self._learn(run, names, begin)

    def predict(self, X: Any) -> list[str]:
        """Return a text for each image, however many there are.

        Raises:
            DataError: images differ in size from each other or from those that were learned.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        images = as_images(X)
        self._check_shape(images)
        limits = np.full(len(images), 2 * self.longest_)
        return write_all(
            self.network_.decoder,
            self.tokenizer_.write,
            lambda rows: self._source(images, rows),
            limits,
            limits,
            search_of(self._options()),
        )

    def score(self, X: Any, y: Any) -> float:
        """Return the share of images whose text is exactly as it should be, 0 to 1.

        Raises:
            DataError: `X` are no images or `y` no texts, or one is longer.
            InputError: the model is not fitted.
        """
        texts, found = as_texts(y, "y"), self.predict(X)
        if len(found) != len(texts):
            raise DataError(f"y: expected {len(found)} texts, one for each image, got {len(texts)}")
        return exact(found, texts)

    def read(self, source: Any) -> Iterator[ImagePiece]:
        """Return the images of a file piece by piece (see `OnFiles`)."""
        return stream_images(source, self._columns()[0])

    def rows(self, piece: ImagePiece) -> Columns:
        """Return what images are called, and their texts (see `OnFiles`)."""
        return dict(zip(self._columns(), (piece.names, self.predict(piece.images)), strict=True))

    def report(self, source: Any) -> Report:
        """Return scores on a file that holds the texts, beside always writing the commonest (see `OnFiles`)."""
        found = read_captioned(source, *self._columns())
        written = {"commonest text": [self.commonest_] * len(found.texts), "network": self.predict(found.images)}
        grid = score_grid(written, found.texts, self.tokenizer_.kind)
        return Report(f"{source}: {len(found.texts):,} images", [grid])

    def _columns(self) -> tuple[str, str]:
        self._check_fitted()
        return of_file(self.columns_, "arrays")

    def _examples(self, X: Any, y: Any, options: CaptionerOptions) -> tuple[Images, list[str]]:
        """Return images and texts, from two arguments or from a file."""
        if y is None:
            images, texts, self.columns_ = read_captioned(X, options.image, options.caption)
        else:
            images, texts, self.columns_ = as_images(X), as_texts(y, "y"), None
        check_targets(texts, len(images))
        return images, texts

    def _check_shape(self, images: Images) -> None:
        if images.shape[1:] != self.shape_:
            raise DataError(f"images: expected {self.shape_} as in training, got {images.shape[1:]}: resize them")

    def _as_taught(self, X: Any, y: Any) -> TargetExamples:
        """Every step reads the right symbol before it, whatever `teacher_forcing` is."""
        s = self._options()
        if y is None:
            X, y, _ = read_captioned(X, *(self.columns_ or (s.image, s.caption)))
        images, texts = as_images(X), as_texts(y, "y")
        self._check_shape(images)
        check_targets(texts, len(images))
        return self._target_examples(images, self.tokenizer_.read_targets(texts), s.label_smoothing)

    def _target_examples(self, images: Images, wanted: Sequences, *training_only: float) -> TargetExamples:
        decoder = self.network_.decoder
        return TargetExamples(decoder, lambda rows: self._source(images, rows), wanted, wanted.lengths, *training_only)

    def _source(self, images: Images, rows: Rows) -> Source:
        return self.network_.see(torch.from_numpy(images[rows]))

    def _content(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer_.content(),
            "shape": self.shape_,
            "columns": self.columns_,
            "commonest": self.commonest_,
            "longest": self.longest_,
            "duplicates": self.duplicates_,
            "own_encoder": self.encoder is not None,
        }

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        if content["own_encoder"] and self.encoder is None:
            raise InputError("it was trained with an encoder of its own: load it by Captioner.load(path, encoder)")
        self.tokenizer_, self.shape_ = Tokenizer.from_state(content["tokenizer"]), tuple(content["shape"])
        self.longest_, self.duplicates_ = content["longest"], content["duplicates"]
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.commonest_ = content["commonest"]
        channels = torch.zeros(self.shape_[-1])
        self._prepare(channels, channels + 1)

    def _prepare(self, mean: Tensor, deviation: Tensor) -> None:
        """Make a network with first weights."""
        s = self._options()
        self.baselines_ = {}
        own = copy.deepcopy(self.encoder)
        width = _width(own, self.shape_) if own else s.features
        self.network_ = self._build(
            lambda: ImageToText(
                own or SmallImageEncoder(self.shape_[-1], s.features),
                width,
                mean,
                deviation,
                len(self.tokenizer_.vocabulary),
                s,
            )
        )


def _scale(images: Images) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel, 1 for a channel that never changes."""
    pixels = images.reshape(-1, images.shape[-1])
    mean, deviation = pixels.mean(axis=0, dtype=np.float64), pixels.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1
    return torch.tensor(mean, dtype=torch.float32), torch.tensor(deviation, dtype=torch.float32)


@torch.no_grad()
def _width(encoder: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the length of the vectors that an encoder makes of images `(rows, columns, channels)`."""
    rows, columns, channels = shape
    seen = copy.deepcopy(encoder).eval()(torch.zeros(2, channels, rows, columns))
    if not isinstance(seen, Tensor) or seen.dim() != 2 or len(seen) != 2:
        got = tuple(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
        raise InputError(f"encoder: expected vectors (B, F) of images (B, C, rows, columns), got {got} for B = 2")
    return seen.shape[1]
