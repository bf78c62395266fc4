"""Forecast from each new value as it arrives, with what the forecaster answers with."""

from dataclasses import replace
from typing import Any

import numpy as np

from elman.data.series import Panel, Series
from elman.errors import InputError
from elman.models.forecast.forecasts import Predictor, forecast
from elman.models.forecast.regression import Asked
from elman.models.forecast.windows import Numbers
from elman.quoting import quote


class ForecastStream:
    """The stream of a forecaster: `model.stream()`. It keeps the series, and adds a value to each at every step.

    A window is read as differences from its last value, so that each forecast reads the whole window again, and it is
    what `predict` would return for the longer series, to the bit.

    Args:
        predictor: what forecasts.
        panel: the series to go on from.

    Attributes:
        names: the ids of the S series, in the order of the values.
    """

    def __init__(self, predictor: Predictor, panel: Panel) -> None:
        self._predictor, self._begin, self._panel = predictor, panel, panel
        self._columns = 1 + len(panel.covariates)
        self._taken = np.empty((0, len(panel), self._columns))

    @property
    def names(self) -> list[Any]:
        """Return the ids of the S series, in the order of the values."""
        return self._begin.names

    def step(self, values: Any, covariates: Any = None) -> Numbers:
        """Take the next value of each series, and forecast the steps after it.

        Args:
            values: a number where there is one series, otherwise (S,), in the order of `names`.
            covariates: (S, C), seen at the same time, where the model reads covariates.

        Returns:
            The forecasts, `(S, K)`, one column for each step of the horizon.

        Raises:
            InputError: there are more or fewer values than series, or some are not finite numbers.
            DataError: a value is not positive where the series is taken in logarithms, or so large that float32 cannot
                hold it. The series stay as they were.
        """
        taken = np.concatenate((self._taken, self._read(values, covariates)[None]))
        panel = self._grown(taken[-1:], self._panel)
        ends = np.array([len(one) for one in panel])
        asked = Asked(np.arange(len(panel)), ends)
        found = forecast(self._predictor, panel, asked, (), self._predictor.answer.factors)
        self._panel, self._taken = panel, taken
        return found.values

    def reset(self) -> None:
        """Go back to the series without the values that `step` took."""
        self._panel, self._taken = self._begin, self._taken[:0]

    @property
    def state(self) -> Numbers:
        """Return a copy of all that `step` took, `(N, S, 1 + C)`: value and covariates; set it to go on from there.

        Raises:
            InputError: setting an array of another shape, or numbers that are not finite.
        """
        return self._taken.copy()

    @state.setter
    def state(self, taken: Numbers) -> None:
        found = _numbers(taken, "the state")
        if found.ndim != 3 or found.shape[1:] != self._taken.shape[1:]:
            raise InputError(
                f"stream: expected a state of shape (N, {len(self._begin)}, {self._columns}), got "
                f"{quote(found.shape)}: give one of the same series"
            )
        self._panel, self._taken = self._grown(found, self._begin), found

    def _read(self, values: Any, covariates: Any) -> Numbers:
        """Return value and covariates of one step of each series, `(S, 1 + C)`."""
        found = _numbers(values, "values").reshape(-1)
        if len(found) != len(self._begin):
            raise InputError(f"step: expected a value for each of {len(self._begin)} series, got {len(found)}")
        if covariates is None and self._columns == 1:
            return found[:, None]
        beside = np.empty((0, 0)) if covariates is None else _numbers(covariates, "covariates")
        shape = (len(self._begin), self._columns - 1)
        if beside.shape != shape:
            got = "none" if covariates is None else quote(beside.shape)
            raise InputError(f"step: expected covariates of shape {shape}, got {got}: give those of the model")
        return np.column_stack((found, beside))

    @staticmethod
    def _grown(taken: Numbers, panel: Panel) -> Panel:
        """Return the series with more steps, `(N, S, 1 + C)`."""
        pairs = zip(panel.series, taken.transpose(1, 0, 2), strict=True)
        return replace(panel, series=tuple(_longer(one, more) for one, more in pairs))


def _longer(one: Series, more: Numbers) -> Series:
    return replace(
        one,
        values=np.concatenate((one.values, more[:, 0])),
        observed=np.concatenate((one.observed, np.ones(len(more), bool))),
        covariates=np.concatenate((one.covariates, more[:, 1:])),
    )


def _numbers(given: Any, what: str) -> Numbers:
    """Return numbers as float64.

    Raises:
        InputError: they are none, or not finite.
    """
    try:
        found = np.array(given, np.float64)
    except (TypeError, ValueError):
        found = np.array(np.nan)
    if not np.isfinite(found).all():
        raise InputError(f"step: expected {what} to be finite numbers, got {quote(given)}: leave no gap")
    return found
