"""A character generator: learns to write as a text does, one character after the other."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from elman.bptt import Streams, Truncated
from elman.data import Alphabet, Corpus, read_text
from elman.diagnose import Case, Course
from elman.errors import DataError, InputError, ModelFileError
from elman.models.baselines import baselines
from elman.models.generation import Generation
from elman.models.next_symbol import NextSymbol, mean_nats
from elman.models.sampling import Sampling
from elman.models.symbol_network import SymbolNetwork
from elman.models.text_examination import text_case, text_course
from elman.models.text_settings import TextSettings
from elman.models.text_training import loop_options, make_streams
from elman.train import Listener, Loop, Place, Progress, RunFiles, Silent, write_container
from elman.train.checkpoint import refuse_unfinished
from elman.train.picture import draw_losses

KIND = "text-generator"


class TextGenerator:
    """A network that predicts the next character, and writes by being asked again and again.

    The defaults are a recipe for about a million characters of English; `benchmarks/shakespeare.py` runs it.

    Args:
        cell: "lstm", "gru" or "rnn".
        hidden: size of each layer's state.
        layers: recurrent layers, one on top of the other.
        embedding: length of the vector learned for each character; None feeds characters one-hot.
        dropout: share of features dropped between layers and before the output while training, 0 up to 1.
        k1: characters between two updates.
        k2: characters that gradients reach back, `k1` or more; None means `k1`. More costs k2 / k1 times the work.
        batch: streams that the text is cut into and that are learned side by side.
        epochs: passes over the text; 8 where neither epochs nor minutes are given.
        minutes: time to train. The first limit reached counts.
        optimizer: "adam", "sgd" (with momentum) or "rmsprop".
        learning_rate: step size.
        momentum: of "sgd" and "rmsprop".
        schedule: "constant", "cosine" or "linear" (to nothing at the last epoch), "exponential" (times `decay` an
            epoch), "plateau" (times `decay` when two evaluations bring nothing).
        decay: factor of "exponential" and "plateau".
        clip: largest global norm of the gradients; None leaves it alone.
        clip_value: largest magnitude of a single gradient; None leaves it alone.
        validation: share of the text, at its end, that is held out.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        separator: string that ends each document in the text; the state is reset after it. None: one document.
        seed: fixes the first weights and dropout. Same seed, same text, same weights.

    Attributes:
        alphabet_: the characters of the training part, after `fit`.
        network_: the trained network.
        baselines_: held-out nats per character of uniform, unigram and bigram; empty with nothing held out.
        progress_: counts and losses of the training.
        left_out_: held-out characters that the training part lacks and that were not measured.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> import elman
        >>> model = elman.TextGenerator(hidden=32, layers=1, batch=4, k1=16, epochs=1)
        >>> model = model.fit("to be, or not to be, that is the question. " * 20)
        >>> len(model.generate("to be", length=10).texts()[0])
        10
    """

    baselines_: dict[str, float]
    progress_: Progress

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden: int = 256,
        layers: int = 2,
        embedding: int | None = 64,
        dropout: float = 0.0,
        k1: int = 128,
        k2: int | None = None,
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
        separator: str | None = None,
        seed: int = 0,
    ) -> None:
        options = {name: value for name, value in locals().items() if name != "self"}
        TextSettings.checked(options)
        vars(self).update(options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the options by name, as scikit-learn's estimators do; no option is an estimator, so `deep` is idle."""
        return {name: getattr(self, name) for name in TextSettings.model_fields}

    def set_params(self, **options: Any) -> "TextGenerator":
        """Change options and return self.

        Raises:
            InputError: an option is unknown or out of range; nothing is changed.
        """
        TextSettings.checked(self.get_params() | options)
        vars(self).update(options)
        return self

    def fit(
        self,
        text: str | Path,
        *,
        files: RunFiles | None = None,
        resume: bool = False,
        overwrite: bool = False,
        errors: str = "strict",
        listener: Listener | None = None,
        checkpoint_seconds: float = 60.0,
    ) -> "TextGenerator":
        """Learn a text.

        Args:
            text: the text itself, or the path of a UTF-8 file.
            files: where to leave checkpoint, metrics, model and loss picture; None leaves nothing on disk.
            resume: go on from the checkpoint in `files`; without one there, begin.
            overwrite: begin anew although `files` hold an unfinished training, which is otherwise refused.
            errors: for bytes that are not UTF-8: "strict" refuses, "replace" reads U+FFFD.
            listener: hears how it goes, see `elman.train.Listener`.
            checkpoint_seconds: time between two checkpoints.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: the text is missing, empty, too short or not UTF-8.
            InputError: `files` cannot be written, or `checkpoint_seconds` is negative.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        if checkpoint_seconds < 0:
            raise InputError(f"checkpoint_seconds: expected 0 or more, came {checkpoint_seconds}")
        if files:
            files.check()
        if files and not (resume or overwrite):
            refuse_unfinished(files.checkpoint)
        settings = TextSettings.checked(self.get_params())
        corpus = read_text(text, settings.validation, settings.separator, errors)
        place = Place(files.checkpoint, files.metrics, resume) if files else Place()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            task = self._begin(str(text) if isinstance(text, Path) else "text", corpus, settings)
            identity = settings.identity() | {"text": corpus.fingerprint()}
            loop = Loop(task, loop_options(settings, checkpoint_seconds), identity, place, listener or Silent())
            try:
                loop.run()
            finally:
                self.progress_ = loop.progress
                self.network_.eval()
        return self._leave(files)

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
            samples: how many to write.

        Returns:
            The writing: iterate to get it character by character, `texts()` for a list, `str()` or print for all of it.

        Raises:
            DataError: the prompt has characters outside the alphabet; the message names them.
            InputError: a value is out of range, or the model is not fitted.
        """
        self._check_fitted()
        for name, value, least in (("length", length, 0), ("samples", samples, 1), ("seed", seed, 0)):
            if value < least:
                raise InputError(f"{name}: expected {least} or more, came {value}")
        if stop == "":
            raise InputError("stop: expected a string to end at, came an empty one: leave it out to write to the end")
        sampling = Sampling(temperature, top_k, top_p)
        return Generation(
            self.network_,
            self.alphabet_,
            prompt,
            length=length,
            sampling=sampling,
            seed=seed,
            stop=stop,
            samples=samples,
        )

    def score(self, text: str) -> float:
        """Return the mean loss on a text in nats per character, each character but the first predicted; less is better.

        Raises:
            DataError: the text has fewer than two characters, or some outside the alphabet.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        if len(text) < 2:
            raise DataError(f"text: expected two characters or more, came {len(text)}: the first predicts the second")
        return mean_nats(self.network_, Streams(self.alphabet_.encode(text, "text"), 1))

    def case(self, text: str | Path | None = None) -> Case:
        """Return what `elman.diagnose` looks at: windows of a text, or of what the model writes itself.

        Raises:
            DataError: the text is missing or too short.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return text_case(self, text)

    def course(self, text: str | Path | None = None) -> Course:
        """Return what `elman.truncation` looks at: streams of a text, or of what the model writes itself.

        Raises:
            DataError: the text is missing or too short.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return text_course(self, text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one .safetensors file, atomically. `elman.load` reads it.

        Raises:
            ModelFileError: the file cannot be written; what was there before is untouched.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        content = {
            "settings": TextSettings.checked(self.get_params()).model_dump(),
            "alphabet": self.alphabet_.characters,
            "baselines": self.baselines_,
            "progress": self.progress_.numbers(),
        }
        write_container(Path(path), KIND, content, self.network_.state_dict())

    @classmethod
    def _from_parts(cls, path: Path, content: dict[str, Any], tensors: dict[str, Tensor]) -> "TextGenerator":
        """Make the model that `save` wrote from what was in its file."""
        try:
            settings = TextSettings.checked(content["settings"])
            model = cls(**settings.model_dump())
            model._prepare(Alphabet(content["alphabet"]), settings)
            model.network_.load_state_dict(tensors)
            model.baselines_ = content["baselines"]
            model.progress_ = Progress(**content["progress"])
        except (InputError, KeyError, TypeError, RuntimeError) as error:
            raise ModelFileError(f"{path}: not a model this Elman can build ({error}): train it again") from error
        model.network_.eval()
        return model

    def _prepare(self, alphabet: Alphabet, settings: TextSettings) -> None:
        """Make a network with first weights."""
        s = settings
        self.alphabet_ = alphabet
        self.network_ = SymbolNetwork(
            len(alphabet), cell=s.cell, hidden=s.hidden, layers=s.layers, embedding=s.embedding, dropout=s.dropout
        )
        self.baselines_ = {}
        self.progress_ = Progress()
        self.left_out_ = 0

    def _begin(self, name: str, corpus: Corpus, settings: TextSettings) -> NextSymbol:
        """Return the job of learning a corpus, with a new network."""
        training, held_out = make_streams(name, corpus, settings)
        self._prepare(corpus.alphabet, settings)
        self.left_out_ = corpus.left_out
        if held_out:
            self.baselines_ = baselines(corpus.training, corpus.held_out, len(corpus.alphabet))
        return NextSymbol(self.network_, Truncated(training, settings.k1, settings.k2), held_out, self.baselines_)

    def _leave(self, files: RunFiles | None) -> "TextGenerator":
        """Save the model and draw the losses where the run's files go."""
        if files:
            self.save(files.model)
            draw_losses(files.metrics, files.picture)
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise InputError("model: not trained yet: call fit(text) first, or elman.load a saved one")
