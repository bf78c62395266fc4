"""Define the base of every estimator: scikit-learn's interface, training, and one file on disk.

A new estimator extends `Estimator` and the dataclass of its options (`elman/options.py`), which gives it its
constructor, and has

- `kind`, the name of its files;
- `fit`, which reads data, then hands `_learn` a function that makes `network_` and returns the `Task`;
- `_finish`, if something is left to do with the best weights before they are saved;
- `_as_taught`, which reads data as `fit` does, with the loss of training, for `elman.diagnose`;
- `_content`, what its file holds besides options and weights, `_tensors`, if any of that are tensors, `content_type`,
  which checks the content of a file (`models/estimator/contents.py`), and `_rebuild`, which makes `network_` from it.

Networks are made by `_build`, which measures them before memory is taken.

Options are checked where they are given, in the constructor and in `set_params`, so that a mistake shows in the line
that made it, and again in `fit`. They are stored as given: scikit-learn's `clone` and searches work.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from elman.doctor import Probe
from elman.doctor.probe import check_network
from elman.errors import ElmanError, InputError, ModelFileError
from elman.models.estimator.answer import Answer
from elman.models.estimator.building import Network, build, check_finite
from elman.models.estimator.contents import Content
from elman.models.estimator.examples import ByLength, Examples, probe_of
from elman.options import TrainingOptions, argument_lines, checked, resume_values, values
from elman.quoting import printable, shorten
from elman.train import Counters, Loop, RunOptions, Task, ranks, write_container
from elman.train.callbacks import one_callback
from elman.train.checkpoint import under
from elman.train.metrics import try_to_draw_losses
from elman.train.run import check_run, exclusive, own_files

LONGEST_REASON = 300
"""Characters of another library's message that are repeated; ours are shorter."""
BESIDE = "beside"
"""The prefix of the names of tensors that are not the network's in a file."""


class NotTrainedError(InputError, NotFittedError):  # type: ignore[misc]
    """A model was asked before it was trained: an error of ours, and the one that scikit-learn looks for."""


class Estimator(BaseEstimator):  # type: ignore[misc]
    """The base of every model.

    Attributes:
        kind: what its files call themselves, such as "text-generator".
        options: the dataclass of its options.
        content_type: the content of its files, apart from options and tensors.
        loss_unit: what its loss is measured in, such as "nats/char".
        example: what it learns from, such as "sequence".
        network_: the trained network, after `fit`.
        progress_: counts and losses of the training.
        baselines_: held-out losses of predictors that need no training, by name.
        examples_: how many examples it learned from, and how many were held out; None for a text.
        chosen_: the options that `fit` chose for the data, by name; those that the user gave are not among them.
        answer_: what `predict` answers with, in a job that chooses it; None in any other.
        fingerprint_: digests of the data that `fit` read, by name; not saved.
        read_: how much of a file `fit` read, such as "40 rows", after a training on one.
        picture_note_: why `fit` left out the picture of the losses; None where it is there, or where none was wanted.
    """

    kind: ClassVar[str]
    options: ClassVar[type[TrainingOptions]]
    content_type: ClassVar[type[Content]]
    loss_unit: ClassVar[str]
    example: ClassVar[str] = "example"
    picture_note_: str | None = None
    answer_: Answer | None = None
    examples_: tuple[int, int] | None = None
    chosen_: dict[str, Any]
    network_: nn.Module
    progress_: Counters
    baselines_: dict[str, float]
    fingerprint_: dict[str, Any]
    read_: str
    _awaited: dict[str, Tensor] | None = None
    """The weights that `network_` will hold, while a file is read."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Find the options among the bases, and add them to the docstring as its "Args"."""
        super().__init_subclass__(**keywords)
        found = [base for base in cls.__mro__ if issubclass(base, TrainingOptions) and not issubclass(base, Estimator)]
        if not found:  # a base of several estimators
            return
        cls.options = found[0]
        if cls.__doc__ and "\n    Attributes:" in cls.__doc__:
            arguments = "".join(f"        {line}\n" for line in argument_lines(cls.options))
            cls.__doc__ = cls.__doc__.replace("    Attributes:", f"    Args:\n{arguments}\n    Attributes:", 1)

    def __post_init__(self) -> None:
        """Check the options that the constructor stored."""
        checked(self.options, self.get_params(deep=False))

    def set_params(self, **options: Any) -> Self:
        """Change options and return self.

        Raises:
            InputError: an option is unknown or out of range; nothing is changed.
        """
        checked(self.options, self.get_params(deep=False) | options)
        for name, value in options.items():
            setattr(self, name, value)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one .safetensors file, atomically. `elman.load` reads it.

        Raises:
            ModelFileError: the file cannot be written; what was there before is untouched.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        content = {
            "options": values(self._options()),
            "baselines": self.baselines_,
            "progress": self.progress_.numbers(),
            "chosen": self.chosen_,
            "answer": self.answer_ and self.answer_.content(),
        }
        tensors = self.network_.state_dict() | under(BESIDE, self._tensors())
        write_container(Path(path), self.kind, content | self._content(), tensors)

    def probe(self, data: Any = None) -> Probe:
        """Return what `elman.diagnose` examines: a few batches of like length, with the loss of training.

        Args:
            data: what `fit` takes: a table, or a pair (X, y).

        Raises:
            DataError: the data cannot be used, or hold what training never saw.
            InputError: no data are given, the network has no recurrent layer, or the model is not fitted.
        """
        self._check_fitted()
        check_network(self.network_)
        if data is None:
            raise InputError(
                f"data: a {type(self).__name__} cannot make its own to be examined on: give a file such as it was "
                "trained on, or what fit takes"
            )
        X, y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
        examples, clip = self._as_taught(X, y), self._options().clip
        return probe_of(self.network_, examples, clip=clip, clipped_share=self._clipped_share())

    def _clipped_share(self) -> float | None:
        """Return the share of training updates whose gradient was clipped; None before the first update."""
        return self.progress_.clipped_share if self.progress_.step else None

    def _as_taught(self, X: Any, y: Any) -> Examples:
        """Return data that `fit` takes as examples, read as the training part was, with the loss of training."""
        raise NotImplementedError

    @classmethod
    def from_parts(cls, path: Path, content: dict[str, Any], tensors: dict[str, Tensor], finite: bool = True) -> Self:
        """Make the model that `save` wrote from what was in its file; `elman.load` calls this.

        Args:
            path: The file, for messages.
            content: Its content.
            tensors: Its tensors.
            finite: Whether weights that are not finite are refused.

        Raises:
            ModelFileError: the file's content makes no model.
        """
        try:
            cls.content_type.check(content)
            if finite:
                check_finite(tensors)
            model = cls(**content["options"])
            model.chosen_ = content.get("chosen", {})
            model._filled_options()
            model.answer_ = Answer(**content["answer"]) if content.get("answer") else None
            beside, model._awaited = _parted(tensors)
            model._rebuild(content, beside)
            model.network_.load_state_dict(model._awaited)
            model.baselines_ = content["baselines"]
            model.progress_ = Counters.of(content["progress"])
        # The checks above name what is wrong. Whatever they leave, NumPy, torch and scikit-learn stumble over where the
        # parts are put together: a file that somebody else sealed may hold anything.
        except (
            ElmanError,
            ArithmeticError,
            AttributeError,
            LookupError,
            MemoryError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            reason = printable(shorten(" ".join(str(error).split()), LONGEST_REASON))
            raise ModelFileError(f"{path}: not a model this Elman can build ({reason}): train it again") from error
        del model._awaited
        model.network_.eval()
        return model

    def _build(self, make: Callable[[], Network]) -> Network:
        """Return the network that `make` makes, if there is room for it, and the weights of the file being read fit.

        Raises:
            InputError: there is none, or they do not.
        """
        return build(make, self._awaited)

    def _content(self) -> dict[str, Any]:
        """Return the JSON content of the file, apart from options, baselines, progress and weights."""
        raise NotImplementedError

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the file, apart from the network's; none by default."""
        return {}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Make `network_`, with any weights, and all that `predict` needs from what `_content` and `_tensors` gave."""
        raise NotImplementedError

    def _finish(self, task: Task) -> None:
        """Do what is left once the best weights are in the network, before the model is saved; nothing here."""

    def _options(self) -> Any:
        """Return the options as they are now, checked: an object of `options`."""
        return checked(self.options, self.get_params(deep=False))

    def _filled_options(self) -> Any:
        """Return the options with what `fit` chose for the data.

        Raises:
            InputError: a chosen value is out of range, in a file that somebody else sealed.
        """
        return checked(self.options, self.get_params(deep=False) | self.chosen_)

    def _options_for(self, run: RunOptions) -> Any:
        """Return the options, after seeing that the run can write its files; raises as `check_run` does."""
        check_run(run)
        return self._options()

    def _learn(
        self, run: RunOptions, data: dict[str, Any], begin: Callable[[], Task], options: TrainingOptions | None = None
    ) -> Self:
        """Train: make the task under the seed, loop, keep the best weights, and leave the run's files.

        Under `torchrun` a collective call of all ranks, which ends on each of them once the first has left the files.

        Args:
            run: The files and the callback.
            data: what names the data, by name: a checkpoint of other data is refused.
            begin: makes `network_`, sets `baselines_`, and returns the task.
            options: the options with what was left open chosen for the data; unchanged by default. `chosen_` becomes
                those that differ.

        Raises:
            ModelFileError: the checkpoint is broken or of another configuration, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with files, what was reached is in the checkpoint.
        """
        given = values(self._options())
        options = options or self._options()
        self.chosen_ = {name: value for name, value in values(options).items() if value != given[name]}
        self.fingerprint_ = data
        run = {**run, "callback": one_callback(run.get("callback"))}
        with exclusive(run):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(options.seed)
                task = begin()
                self.examples_ = task.sizes if isinstance(task, ByLength) else None
                self._train(Loop(task, options, resume_values(options) | data, run))
            self._finish(task)
            if files := own_files(run):
                self.save(files.model)
                self.picture_note_ = try_to_draw_losses(files.metrics, files.picture)
            ranks.wait()
        return self

    def _train(self, loop: Loop) -> None:
        self.progress_ = loop.counters
        try:
            loop.run()
        finally:
            self.progress_ = loop.counters
            self.network_.eval()

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotTrainedError("model: not trained yet: call fit first, or elman.load a saved one")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def _parted(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the tensors of a file that are not the network's, by their own names, and those that are."""
    prefix = f"{BESIDE}/"
    beside = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return beside, {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)}
