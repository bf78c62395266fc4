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
from elman.data.splits import pick
from elman.data.tokenizer import Tokenizer
from elman.errors import InputError
from elman.models.caption.files import ImagePiece, read_captioned, stream_images
from elman.models.caption.nearest import NearestImage
from elman.models.caption.network import ImageToText, SmallImageEncoder
from elman.models.caption.options import CaptionerOptions
from elman.models.caption.preprocess import Encoded, Preprocessor, prepare, read_examples
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.estimator.columns import of_file
from elman.models.estimator.contents import CaptionerContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.options import WriterOptions
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.beam_search import Beam
from elman.models.networks.choices import MEASURED, SEARCHED, choose_threshold, cross_switched, switch
from elman.models.networks.decoder import Source
from elman.models.networks.decoding import TargetExamples, Writer, write_all
from elman.models.scoring.texts import score_grid
from elman.rounding import counted
from elman.train import Task, read_container
from elman.train.run import RunOptions

NEAREST = NearestImage.name
COMMONEST, BOTH = "commonest text", "nearest image and network"
"""The answers of `predict` other than the network."""


class Captioner(Writer, CaptionerOptions):
    """A convolutional encoder sees an image; a recurrent decoder begins from what it saw and writes.

    Attributes:
        preprocessor_: how texts become numbers, and the shape of the images, from the training part.
        columns_: the columns or arrays that images and texts came from, None where they came as arguments.
        chosen_: the options that were left open, as they were chosen for the data.
        answer_: what `predict` answers with.
        nearest_: knows all images, where it answers for any; None elsewhere.
        threshold_: how near, as minus the squared difference, an image has to be to a known one for that one's text to
            be taken where the answer is "nearest image and network"; None takes none.
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
    nearest_: NearestImage | None = None
    threshold_: float | None = None

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
        data = prepare(X, y, self._options_for(run))
        self.preprocessor_, self.columns_, self.duplicates_ = data.preprocessor, data.columns, data.duplicates
        self._data = data
        self._learn(
            run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, data.options), data.options
        )
        del self._data
        return self

    def predict(self, X: Any, beam: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Return a text for each image, however many there are.

        Args:
            X: the images.
            beam: the width of the search; None takes the option of this name, or what was chosen for it.
            length_penalty: likewise.

        Returns:
            What the network writes, or a simpler answer where that was better on held-out images (see `answer_`).

        Raises:
            DataError: images differ in size from each other or from those that were learned.
            InputError: the model is not fitted, or an argument is out of range.
        """
        self._check_fitted()
        images, search, name = self.preprocessor_.read(X), self._beam(beam, length_penalty), self.answer_.name
        if name == COMMONEST:
            return [self.preprocessor_.commonest] * len(images)
        if self.nearest_ is None:
            return self._write(images, search)
        found, nearness = self.nearest_.find(images)
        return found if name == NEAREST else switch(nearness, found, self._write(images, search), self.threshold_)

    def write(self, X: Any, beam: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Return what the network writes for each image, whatever `answer_` is; takes and raises as `predict` does."""
        self._check_fitted()
        return self._write(self.preprocessor_.read(X), self._beam(beam, length_penalty))

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
        answered = self.predict(found.images)
        written = {COMMONEST: commonest, NETWORK: self.write(found.images), self.answer_.name: answered}
        grid = score_grid(written, found.texts, self._tokenizer.kind)
        notes = [f"predict answers with: {self.answer_.name}"]
        images = self.preprocessor_.read(found.images)
        title = f"{source}: {counted(len(found.texts), 'image')}"
        from elman.pictures import captions

        return Report(title, [grid], notes, lambda: captions(images, answered, found.texts))

    def _finish(self, task: Task) -> None:
        """Choose the search and the answer on held-out images, then have the nearest image know all that are given."""
        data, self.answer_, self.nearest_ = self._data, Answer.only(), None
        rows = data.held_out_rows[:MEASURED]
        if not len(rows):
            return
        images, wanted = data.images[rows], pick(data.texts, rows)
        some = images[:SEARCHED]
        texts = self._write(images, self._choose_beam(lambda beam: self._write(some, beam), wanted[:SEARCHED]))
        learned = np.delete(np.arange(len(data.texts)), data.held_out_rows)
        nearest = NearestImage().fit(data.images[learned], pick(data.texts, learned))
        found, nearness = nearest.find(images)
        both = nearness, found, texts, wanted
        written = {NETWORK: texts, NEAREST: found, COMMONEST: [self.preprocessor_.commonest] * len(wanted)}
        self._choose_answer(written | {BOTH: cross_switched(*both)}, wanted)
        self.threshold_ = choose_threshold(*both)
        if self.answer_.name in (NEAREST, BOTH):
            self.nearest_ = nearest.fit(data.images, data.texts)

    def _write(self, images: Images, beam: Beam) -> list[str]:
        """Return what the network writes for images."""
        limits = np.full(len(images), 2 * self.preprocessor_.longest)
        decoder, text = self.network_.decoder, self._tokenizer.write
        return write_all(decoder, text, lambda rows: self._source(images, rows), limits, limits, beam)[0]

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
        own = {
            "columns": self.columns_,
            "duplicates": self.duplicates_,
            "own_encoder": self.encoder is not None,
            "threshold": self.threshold_,
        }
        return self.preprocessor_.content() | own

    def _tensors(self) -> dict[str, Tensor]:
        return self.nearest_.tensors() if self.nearest_ else {}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        if content["own_encoder"] and self.encoder is None:
            raise InputError("it was trained with an encoder of its own: load it by Captioner.load(path, encoder)")
        self.preprocessor_ = Preprocessor.from_state(content)
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.duplicates_, self.threshold_ = content["duplicates"], content["threshold"]
        self.nearest_ = NearestImage.of(tensors, self.preprocessor_.shape) if tensors else None
        self._make_network(self._filled_options())

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
