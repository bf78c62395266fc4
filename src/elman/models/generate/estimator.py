"""Define `TextGenerator`, which learns a text and generates more of it, one character at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack, cast

import torch
from torch import Tensor

from elman.bptt import Streams, Truncated
from elman.data import Alphabet
from elman.doctor import Probe, WindowedProbe
from elman.errors import DataError, InputError
from elman.limits import MOST_SAMPLES
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.estimator.base import Estimator
from elman.models.estimator.contents import TextContent
from elman.models.estimator.reports import Columns, Report
from elman.models.generate.generation import Generation
from elman.models.generate.learning import TextTask
from elman.models.generate.options import TextOptions
from elman.models.generate.predictor import NGRAMS, Predictor, check_precision
from elman.models.generate.preprocess import Prepared, prepare
from elman.models.generate.probe import OWN, ROWS, text_probe, text_streams, text_windowed_probe
from elman.models.generate.report import Lines, line_scores, read_lines, text_report
from elman.models.generate.stream import TextStream
from elman.models.networks.next_symbol import NextSymbol
from elman.models.networks.symbols import SymbolNetwork
from elman.models.scoring.text_ngrams import TextNGrams
from elman.quoting import quote
from elman.streams import Sampling
from elman.train import Task
from elman.train.run import RunOptions


class TextGenerator(Estimator, TextOptions):
    """A network that predicts the next character, and writes by being asked again and again.

    Options that are left open follow the length of the text. By default the model answers with the best, on the
    held-out part, of the network, interpolated n-grams, and a weighted mean of both; `answer_` says which.

    Attributes:
        alphabet_: the characters of the training part, after `fit`.
        network_: the trained network.
        ngrams_: the n-grams of the whole text; None where the answer does not use them.
        baselines_: held-out nats per character of uniform, unigram, bigram and n-grams; empty with nothing held out.
        answer_: what `generate` and `score` answer with, and the held-out losses of what it was chosen from.
        remark_: how far the network alone is from the n-grams, and about how long it would take; not saved.
        progress_: counts and losses of the training; the best one is that of the network alone.
        left_out_: held-out characters that the training part lacks and that were not measured.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> import elman
        >>> model = elman.TextGenerator(hidden_size=32, num_layers=1, batch_size=4, k1=16, epochs=1)
        >>> model = model.fit("to be, or not to be, that is the question. " * 20)
        >>> len(model.generate("to be", length=10).texts()[0])
        10
    """

    kind = "text-generator"
    content_type = TextContent
    loss_unit = NextSymbol.loss_unit
    network_: SymbolNetwork
    answer_: Answer = Answer.only()
    ngrams_: TextNGrams | None = None
    remark_: str = ""

    def fit(
        self,
        text: str | Path,
        y: None = None,
        *,
        errors: str = "strict",
        **run: Unpack[RunOptions],
    ) -> "TextGenerator":
        """Learn a text.

        Args:
            text: the text itself, or the path of a UTF-8 file.
            y: nothing; scikit-learn's searches pass it.
            errors: for bytes that are not UTF-8: "strict" refuses, "replace" reads U+FFFD.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: the text is missing, empty, too short or not UTF-8.
            InputError: `files` cannot be written, or `checkpoint_seconds` is negative.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        data = prepare(text, y, self._options_for(run), errors)
        self.read_ = f"{len(data.corpus.symbols) + data.corpus.left_out:,} characters"
        return self._learn(run, data.fingerprint(), lambda: self._begin(data), data.options)

    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
        stop: str | None = None,
        samples: int = 1,
        precision: str = "float32",
    ) -> Generation:
        """Write on from a prompt.

        Args:
            prompt: the beginning; an empty one is read as the end of a line.
            length: characters to write at most.
            temperature: above 1 bolder, below 1 safer, 0 always the likeliest character; 100 at most.
            top_k: choose among the k likeliest characters only.
            top_p: choose among the fewest characters that together hold this probability.
            seed: same seed, same text, however many samples are asked for and however they are read.
            stop: end a sample once it has written this string.
            samples: how many to write, side by side; at most 10,000.
            precision: of the network's products: "float32", "bfloat16" or "int8"; see `elman.Stream`.

        Returns:
            The writing: iterate to get it piece by piece, `texts()` for a list, `str()` or print for all of it.

        Raises:
            DataError: the prompt has characters outside the alphabet; the message names them.
            InputError: a value is out of range, or the model is not fitted.
        """
        self._check_fitted()
        if not isinstance(prompt, str):
            raise InputError(f"prompt: expected a text, got {type(prompt).__name__}: give a string")
        if samples > MOST_SAMPLES:
            raise InputError(f"samples: expected 1 to {MOST_SAMPLES:,}, got {samples:,}: ask for more with other seeds")
        for name, value, least in (("length", length, 0), ("samples", samples, 1), ("seed", seed, 0)):
            if value < least:
                raise InputError(f"{name}: expected {least} or more, got {value}")
        if stop == "":
            raise InputError("stop: expected a string to end at, got an empty one: leave it out to write to the end")
        check_precision(precision)
        sampling = Sampling(temperature, top_k, top_p)
        return Generation(
            self._predictor(),
            self.alphabet_,
            prompt,
            length=length,
            sampling=sampling,
            seed=seed,
            stop=stop,
            samples=samples,
            precision=precision,
        )

    def score(self, text: str, *, precision: str = "float32") -> float:
        """Return the mean loss on a text in nats per character, each character but the first predicted; less is better.

        Args:
            text: two characters or more.
            precision: of the network's products: "float32", "bfloat16" or "int8"; see `elman.Stream`.

        Raises:
            DataError: the text has fewer than two characters, or some outside the alphabet.
            InputError: there is no such precision, or the model is not fitted.
        """
        self._check_fitted()
        if not isinstance(text, str):
            raise InputError(f"text: expected a text, got {type(text).__name__}: give a string")
        if len(text) < 2:
            raise DataError(f"text: expected two characters or more, got {len(text)}: the first predicts the second")
        check_precision(precision)
        return float(self._predictor().nats(self.alphabet_.encode(text, "text"), precision).mean())

    def stream(self, batch: int = 1, precision: str = "float32") -> TextStream:
        """Return a stream that predicts the next character after each one that arrives: `stream.step(character)`.

        It answers with what `generate` and `score` answer with.

        Args:
            batch: B, the number of rows, each with a text of its own.
            precision: "float32", "bfloat16" or "int8", of the network; see `elman.Stream`.

        Raises:
            InputError: the model is not fitted, or an argument is out of range.
        """
        self._check_fitted()
        return TextStream(self._predictor(), self.alphabet_, batch, precision)

    def read(self, source: str | Path) -> Iterator[Lines]:
        """Return the lines of a text file, piece by piece (see `OnFiles`)."""
        return read_lines(source)

    def rows(self, piece: Lines) -> Columns:
        """Return how well each line of a piece is predicted (see `OnFiles`)."""
        self._check_fitted()
        return line_scores(piece, self.alphabet_, self._predictor().nats)

    def report(self, source: str | Path) -> Report:
        """Return the loss on a text, or on a file of one, with the held-out losses of training (see `OnFiles`)."""
        self._check_fitted()
        best = {} if self.progress_.best is None else {"network": self.progress_.best}
        network = Predictor(self.network_, None, Answer.only())
        losses = {NETWORK: network.nats, self.answer_.name: self._predictor().nats}
        return text_report(source, self.alphabet_, losses, self.baselines_ | best)

    def probe(self, text: str | Path | None = None) -> Probe:
        """Return what `elman.diagnose` examines: windows of a text, or of what the model writes itself.

        Raises:
            DataError: the text is missing or too short.
            InputError: the model is not fitted.
        """
        streams, options = self._streams(text), self._filled_options()
        return text_probe(
            self.network_,
            streams,
            reach=options.k2 or options.k1,
            clip=options.clip,
            clipped_share=self._clipped_share(),
            note="" if text is not None else "No text given: examined on what the model writes itself.",
        )

    def windowed_probe(self, text: str | Path | None = None) -> WindowedProbe:
        """Return what `elman.truncation` examines: streams of a text, or of what the model writes itself.

        Raises:
            DataError: the text is missing or too short.
            InputError: the model is not fitted.
        """
        options = self._filled_options()
        return text_windowed_probe(self.network_, self._streams(text, 2 * (options.k2 or options.k1)))

    def _streams(self, text: str | Path | None, longest: int | None = None) -> Streams:
        self._check_fitted()

        def write() -> list[str]:
            return self.generate(length=OWN, temperature=1.0, samples=ROWS).texts()

        return text_streams(text, self.alphabet_, write, longest)

    def _content(self) -> dict[str, Any]:
        return {"alphabet": self.alphabet_.characters}

    def _tensors(self) -> dict[str, Tensor]:
        if not self.ngrams_:
            return {}
        return {f"{NGRAMS}.{name}": torch.from_numpy(array) for name, array in self.ngrams_.arrays().items()}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._make_network(Alphabet(content["alphabet"]), self._filled_options())
        factors = self.answer_.factors
        if factors.keys() - {NETWORK, NGRAMS} or min(factors.values()) < 0 or not sum(factors.values()):
            raise InputError(f"answer: expected weights of {NETWORK} and {NGRAMS}, got {quote(factors)}")
        if NGRAMS in factors:
            arrays = {name.removeprefix(f"{NGRAMS}."): tensor.numpy() for name, tensor in tensors.items()}
            self.ngrams_ = TextNGrams.of_arrays(arrays, len(self.alphabet_))

    def _make_network(self, alphabet: Alphabet, options: TextOptions) -> None:
        self.alphabet_, self.left_out_ = alphabet, 0
        self.network_ = self._build(lambda: SymbolNetwork(len(alphabet), options, options.embedding_dim))

    def _begin(self, data: Prepared) -> TextTask:
        """Return the job of learning a text, with a new network, which answers until the training has ended."""
        self._make_network(data.preprocessor, data.options)
        self.left_out_, self.answer_, self.ngrams_ = data.corpus.left_out, Answer.only(), None
        through_time = Truncated(data.training, data.options.k1, data.options.k2)
        task = TextTask(self.network_, through_time, data.held_out, data.counted)
        self.baselines_ = task.baselines
        return task

    def _finish(self, task: Task) -> None:
        """Choose what the model answers with."""
        learned = cast(TextTask, task)
        self.answer_ = learned.answer(self.answer == "network")
        self.remark_ = learned.remark(self.progress_)
        if learned.counted and NGRAMS in self.answer_.factors:
            self.ngrams_ = learned.counted.whole()

    def _predictor(self) -> Predictor:
        return Predictor(self.network_, self.ngrams_, self.answer_)


def demo_model(minutes: float) -> TextGenerator:
    """Return an untrained generator that trains for so many minutes.

    Raises:
        InputError: minutes are not above 0.
    """
    return TextGenerator(
        hidden_size=256,
        num_layers=1,
        embedding_dim=64,
        batch_size=32,
        k1=64,
        learning_rate=4e-3,
        dropout=0.0,
        minutes=minutes,
    )
