"""Define `Forecaster`, which forecasts series with prediction intervals."""

from collections.abc import Iterator, Sequence
from typing import Any, Unpack, cast

import narwhals as nw
from sklearn.base import clone
from torch import Tensor

from elman.data.series import Panel
from elman.errors import InputError
from elman.models.estimator.answer import Answer
from elman.models.estimator.base import Estimator
from elman.models.estimator.contents import ForecasterContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.forecast.evaluation import OURS, Evaluation
from elman.models.forecast.forecasts import Predictor, evaluate, future_columns
from elman.models.forecast.intervals import Intervals
from elman.models.forecast.learning import Tried, learn_simple
from elman.models.forecast.network import ForecastNetwork, WindowExamples
from elman.models.forecast.options import ForecasterOptions, chosen
from elman.models.forecast.origins import all_origins, before_last_origins, check_every, new_origins
from elman.models.forecast.preprocess import Preprocessor, prepare, read_series
from elman.models.forecast.report import file_columns, report
from elman.models.forecast.simple import SimpleMethods
from elman.models.forecast.stream import ForecastStream
from elman.models.forecast.windows import Sizes, Windows
from elman.train import Task
from elman.train.run import RunOptions


class Forecaster(Estimator, ForecasterOptions):
    """A network that forecasts one series or many, some steps ahead, with prediction intervals.

    Series come in the long format that forecasting libraries share, a row for each series and stamp: `unique_id`, `ds`,
    `y` and a column for each covariate, in a pandas or Polars frame or a file; or as the plain values of one series.
    Everything is measured and learned on the steps before an origin; `backtest` says how good that is.

    Attributes:
        preprocessor_: what was measured on the training part: seasons, context, the scale of each series.
        simple_: the methods without a network, with what they learned.
        answer_: what `predict` answers with: how much the network and each method count.
        intervals_: how large errors at past origins are; None with nothing held out.
        history_: the series, from whose end `predict` goes on.
        network_: the trained network.
        baselines_: held-out losses of simple methods, in the unit of the loss.
        progress_: counts and losses of the training.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> import elman
        >>> model = elman.Forecaster(horizon=4, season=4, members=1, epochs=2).fit([1, 2, 3, 2] * 20)
        >>> list(model.predict().columns)
        ['unique_id', 'ds', 'y', 'lo-95', 'hi-95']
    """

    kind = "forecaster"
    content_type = ForecasterContent
    loss_unit = "scaled MAE"
    example = "window"
    network_: ForecastNetwork
    _tried: Tried
    preprocessor_: Preprocessor
    simple_: SimpleMethods
    answer_: Answer
    intervals_: Intervals | None
    history_: Panel

    def fit(self, X: Any, y: None = None, **run: Unpack[RunOptions]) -> "Forecaster":
        """Learn series.

        Args:
            X: a frame, the path of a file, or the plain values of one series.
            y: nothing; scikit-learn's searches pass it.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: a series has gaps, repeated stamps or missing values, is too short, or cannot be read.
            InputError: `files` cannot be written.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        options = self._options_for(run)
        data = prepare(X, y, options)
        self.preprocessor_, self.history_ = data.preprocessor, data.series
        filled = chosen(options, len(data.training))
        return self._learn(run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, filled), filled)

    def predict(self, horizon: int | None = None, X: Any = None, *, levels: Sequence[float] = (95,)) -> Any:
        """Forecast the steps after the end of each series.

        Args:
            horizon: steps, up to the one that the model was made for, which is the default.
            X: longer or newer histories of series that the model knows; None goes on from those it was fitted on.
            levels: of the intervals, in per cent; () for none.

        Returns:
            A frame of the user's library: `unique_id`, `ds`, `y`, and `lo-95`, `hi-95` for each level.

        Raises:
            DataError: a series of X is unknown, too short, of another frequency, or not whole.
            InputError: the horizon or a level is out of range, or the model is not fitted.
        """
        self._check_fitted()
        self._check_levels(levels)
        most = self.preprocessor_.horizon
        steps = most if horizon is None else horizon
        if not 1 <= steps <= most:
            raise InputError(
                f"horizon: expected 1 to {most}, for which the model was made, got {steps}: train for more"
            )
        panel = self.history_ if X is None else self._read_known(X)
        columns = future_columns(self._predictor(), panel, steps, levels)
        return nw.from_dict(columns, backend=panel.backend).to_native()

    def stream(self, X: Any = None) -> ForecastStream:
        """Return a stream that forecasts from each new value as it arrives: `stream.step(value)`.

        It answers as `predict` does, with all that the model answers with, for series that grow by a value at each
        step; it takes as long as `predict`.

        Args:
            X: longer or newer histories to go on from; None goes on from those that the model was fitted on.

        Raises:
            DataError: a series of X is unknown, too short, of another frequency, or not whole.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return ForecastStream(self._predictor(), self.history_ if X is None else self._read_known(X))

    def evaluate(self, X: Any, *, every: int = 1, levels: Sequence[float] = (95,)) -> Evaluation:
        """Forecast from every origin in X after the training part, and compare with the observed values.

        Args:
            X: the series that the model was fitted on, grown by a horizon or more.
            every: steps between two origins.
            levels: of the intervals, in per cent.

        Returns:
            Forecasts and truth; `table()` compares the model with the naive forecasts.

        Raises:
            DataError: no series of X has grown by a horizon, or X cannot be read.
            InputError: `every` or a level is out of range, or the model is not fitted.
        """
        self._check_fitted()
        self._check_levels(levels)
        check_every(every)
        panel = self._read_known(X)
        series, origins = new_origins(panel, self.history_, self.preprocessor_.horizon, every)
        return evaluate(self._predictor(), panel, series, origins, levels)

    def backtest(
        self,
        X: Any,
        origins: int | None = None,
        *,
        every: int | None = None,
        levels: Sequence[float] = (95,),
        **run: Unpack[RunOptions],
    ) -> Evaluation:
        """Train a copy on the steps before the first of the last origins of X, and forecast from each of them.

        The weights stay; from origin to origin the history that is read grows. This model itself is left as it is.

        Args:
            X: as for `fit`.
            origins: how many, the last of them a horizon before the end; None: as many as hold out two horizons, or a
                week where steps are shorter than a day; series that are too short for that are left out.
            every: steps between two origins; None: 1, or what leaves 20 origins where `origins` is None.
            levels: of the intervals, in per cent.
            **run: of the copy's training, as for `fit`.

        Raises:
            DataError, InputError, ModelFileError, TrainingError, Interrupted: as `fit` does.
        """
        options = self._options()
        panel = self.series_of(X)
        test = before_last_origins(panel, options.horizon, origins, every)
        copy = clone(self).fit(test.training, **run)
        levels = levels if options.validation_fraction else ()
        found: Evaluation = copy.evaluate(test.panel, every=test.every, levels=levels)
        return found

    def read(self, source: Any) -> Iterator[Panel]:
        """Return the series of a table whole: a forecast begins after their last rows."""
        self._check_fitted()
        yield self._read_known(source)

    def rows(self, piece: Panel) -> Columns:
        """Return the forecasts of `predict` as columns for a file, with 95 % intervals where there are any."""
        levels = (95,) if self.intervals_ else ()
        return file_columns(future_columns(self._predictor(), piece, self.preprocessor_.horizon, levels))

    def report(self, source: Any) -> Report:
        """Return how good the model is on what a table has beyond that on which it was trained."""
        return report(self.evaluate(source, levels=(95,) if self.intervals_ else ()))

    def score(self, X: Any, y: None = None) -> float:
        """Return the share of the last value's error that forecasting saves on what X has that was not trained on.

        1 is without error, 0 as good as repeating the last value, below 0 worse; see `evaluate`, which it calls.
        """
        found = self.evaluate(X, levels=())
        errors = {row["method"]: row["MAE"] for row in found.table()}
        return float(1 - errors[OURS] / errors["last value"]) if errors["last value"] else float("nan")

    def series_of(self, X: Any) -> Panel:
        """Return the series of a table as the options say how to read it; `fit` and all others take it in X's place.

        Raises:
            DataError: a series has gaps, repeated stamps or missing values, or the table cannot be read.
        """
        return read_series(X, self._options())

    def _read_known(self, X: Any) -> Panel:
        """Read more of the series that the model was fitted on.

        Raises:
            DataError: a series is unknown, too short to forecast from, or of another frequency.
        """
        panel = self.series_of(X)
        self.preprocessor_.check_known(panel)
        return panel

    def _check_levels(self, levels: Sequence[float]) -> None:
        for level in levels:
            if not 0 < level < 100:
                raise InputError(f"levels: expected per cent above 0 and below 100, got {level}")
        if len(levels) and self.intervals_ is None:
            raise InputError("levels: trained with validation=0, so that there are no intervals: give levels=()")

    def _predictor(self) -> Predictor:
        return Predictor(self.network_, self.preprocessor_, self.simple_, self.answer_, self.intervals_)

    def _begin(self, training: Windows, held_out: Windows | None, options: ForecasterOptions) -> ByLength:
        """Return the job of learning from windows, with a new network."""
        self._make_network(training.sizes, options)
        self.simple_, self._tried = learn_simple(self.history_, self.preprocessor_, held_out, options)
        self.baselines_ = self._tried.baselines() if held_out else {}
        return ByLength(
            self.network_,
            WindowExamples(self.network_, training),
            WindowExamples(self.network_, held_out) if held_out else None,
            batch=cast(int, options.batch_size),
            seed=options.seed,
            target="value",
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _as_taught(self, X: Any, y: None) -> WindowExamples:
        panel = self._read_known(X)
        encoded = self.preprocessor_.encode(panel)
        origins = all_origins(encoded, [0] * len(panel), [len(one) for one in panel])
        return WindowExamples(self.network_, Windows(encoded, *origins))

    def _finish(self, task: Task) -> None:
        """Choose what to answer with, and measure its errors."""
        tried = self.__dict__.pop("_tried")
        self.answer_, self.intervals_ = Answer.only(), None
        if cast(ByLength, task).held_out:
            self.answer_, self.intervals_ = tried.choose(self.network_, self._options())

    def _make_network(self, sizes: Sizes, options: ForecasterOptions) -> None:
        self.network_ = self._build(lambda: ForecastNetwork(sizes, options))

    def _content(self) -> dict[str, Any]:
        return {
            "sizes": self.network_.sizes,
            "preparation": self.preprocessor_.content(),
            "simple": self.simple_.content(),
            "intervals": self.intervals_.numbers() if self.intervals_ else None,
            "history": self.history_.numbers(),
        }

    def _tensors(self) -> dict[str, Tensor]:
        return self.simple_.tensors()

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.preprocessor_ = Preprocessor.from_state(content["preparation"])
        self.intervals_ = Intervals.from_numbers(content["intervals"]) if content["intervals"] else None
        self.history_ = Panel.from_numbers(content["history"])
        self.simple_ = SimpleMethods.from_state(content["simple"], tensors, self.history_, self.preprocessor_.horizon)
        sizes = self.preprocessor_.encode(self.history_).sizes
        if list(sizes) != content["sizes"]:
            raise InputError(f"sizes: expected {list(sizes)}, as the history is read, got {content['sizes']}")
        self._make_network(sizes, self._options())
