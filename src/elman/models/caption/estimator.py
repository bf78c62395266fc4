"""Define `Captioner`, which writes a text for an image."""

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.images import Images
from elman.data.sequences import Rows
from elman.data.tokenizer import Tokenizer
from elman.errors import InputError
from elman.models.caption.files import ImagePiece, read_captioned, stream_images
from elman.models.caption.network import ImageToText, SmallImageEncoder
from elman.models.caption.options import CaptionerOptions
from elman.models.caption.preprocess import Encoded, Preprocessor, prepare, read_examples
from elman.models.estimator.columns import of_file
from elman.models.estimator.contents import CaptionerContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.options import WriterOptions
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.decoder import Source
from elman.models.networks.decoding import TargetExamples, Writer, search_of, write_all
from elman.models.scoring.texts import score_grid
from elman.rounding import counted
from elman.train import read_container
from elman.train.run import RunOptions


class Captioner(Writer, CaptionerOptions):
    """A convolutional encoder sees an image; a recurrent decoder begins from what it saw and writes.

    Attributes:
        preprocessor_: how texts become numbers, and the shape of the images, from the training part.
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
    content_type = CaptionerContent
    example = "image"
    network_: ImageToText
    preprocessor_: Preprocessor
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
        options = self._options_for(run)
        data = prepare(X, y, options)
        self.preprocessor_, self.columns_, self.duplicates_ = data.preprocessor, data.columns, data.duplicates
        return self._learn(run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, options))

    def predict(self, X: Any) -> list[str]:
        """Return a text for each image, however many there are.

        Raises:
            DataError: images differ in size from each other or from those that were learned.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        images = self.preprocessor_.read(X)
        limits = np.full(len(images), 2 * self.preprocessor_.longest)
        return write_all(
            self.network_.decoder,
            self._tokenizer.write,
            lambda rows: self._source(images, rows),
            limits,
            limits,
            search_of(self._options()),
        )

    def read(self, source: Any) -> Iterator[ImagePiece]:
        """Return the images of a file piece by piece (see `OnFiles`)."""
        return stream_images(source, self._columns()[0])

    def rows(self, piece: ImagePiece) -> Columns:
        """Return what images are called, and their texts (see `OnFiles`)."""
        return dict(zip(self._columns(), (piece.names, self.predict(piece.images)), strict=True))

    def report(self, source: Any) -> Report:
        """Return scores on a file that holds the texts, beside always writing the commonest (see `OnFiles`)."""
        found = read_captioned(source, *self._columns())
        commonest = [self.preprocessor_.commonest] * len(found.texts)
        written = {"commonest text": commonest, "network": self.predict(found.images)}
        grid = score_grid(written, found.texts, self._tokenizer.kind)
        return Report(f"{source}: {counted(len(found.texts), 'image')}", [grid])

    def _columns(self) -> tuple[str, str]:
        self._check_fitted()
        return of_file(self.columns_, "arrays")

    @property
    def _tokenizer(self) -> Tokenizer:
        return self.preprocessor_.tokenizer

    def _as_taught(self, X: Any, y: Any) -> TargetExamples:
        """Every step reads the right symbol before it, whatever `teacher_forcing` is."""
        options = self._options()
        images, texts, _ = read_examples(X, y, self.columns_ or (options.image, options.caption))
        encoded = self.preprocessor_.encode(self.preprocessor_.read(images), texts)
        return self._target_examples(encoded, options.label_smoothing)

    def _target_examples(self, data: Encoded, *training_only: float) -> TargetExamples:
        decoder, wanted = self.network_.decoder, data.targets
        return TargetExamples(
            decoder, lambda rows: self._source(data.images, rows), wanted, wanted.lengths, *training_only
        )

    def _begin(self, training: Encoded, held_out: Encoded | None, options: WriterOptions) -> ByLength:
        task = super()._begin(training, held_out, options)
        self.network_.fit_scale(training.images)
        return task

    def _source(self, images: Images, rows: Rows) -> Source:
        return self.network_.see(torch.from_numpy(images[rows]))

    def _content(self) -> dict[str, Any]:
        own = {"columns": self.columns_, "duplicates": self.duplicates_, "own_encoder": self.encoder is not None}
        return self.preprocessor_.content() | own

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        if content["own_encoder"] and self.encoder is None:
            raise InputError("it was trained with an encoder of its own: load it by Captioner.load(path, encoder)")
        self.preprocessor_ = Preprocessor.from_state(content)
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.duplicates_ = content["duplicates"]
        self._make_network(self._options())

    def _make_network(self, options: CaptionerOptions) -> None:
        own, shape, size = copy.deepcopy(self.encoder), self.preprocessor_.shape, len(self._tokenizer.vocabulary)
        width, channels = _width(own, shape) if own else options.features, shape[-1]
        self.network_ = self._build(
            lambda: ImageToText(own or SmallImageEncoder(channels, width), width, channels, size, options)
        )


@torch.no_grad()
def _width(encoder: nn.Module, shape: tuple[int, ...]) -> int:
    """Return the length of the vectors that an encoder makes of images `(rows, columns, channels)`."""
    rows, columns, channels = shape
    seen = copy.deepcopy(encoder).eval()(torch.zeros(2, channels, rows, columns))
    if not isinstance(seen, Tensor) or seen.dim() != 2 or len(seen) != 2:
        got = tuple(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
        raise InputError(f"encoder: expected vectors (B, F) of images (B, C, rows, columns), got {got} for B = 2")
    return seen.shape[1]
