"""The picture of a forecast: what is drawn is what was given, in order, and bad arrays get one line."""

import numpy as np
import pytest

from elman.errors import InputError
from elman.pictures import forecast, save
from elman.pictures.outlook import Course

TIMES = np.arange("2020-01", "2022-01", dtype="datetime64[M]").astype("datetime64[us]")
VALUES = np.arange(24.0)
AHEAD = np.arange("2022-01", "2022-07", dtype="datetime64[M]").astype("datetime64[us]")
FUTURE = Course(
    AHEAD, np.full(6, 25.0), {95: (np.full(6, 20.0), np.full(6, 30.0)), 50: (np.full(6, 23), np.full(6, 26))}
)


def test_series_forecasts_and_intervals_are_drawn_and_named():
    earlier = [Course(TIMES[12:18], VALUES[12:18] + 1), Course(TIMES[18:], VALUES[18:] - 1)]
    (ax,) = forecast(TIMES, VALUES, FUTURE, earlier, y="passengers", title="airline").axes
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == [
        "observed",
        "earlier forecasts, each from the values before it",
        "forecast",
        "95 % interval",
        "50 % interval",
    ]
    observed = next(line for line in ax.lines if line.get_label() == "observed")
    np.testing.assert_array_equal(observed.get_ydata(), VALUES)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("time", "passengers", "airline")
    edges = [path.get_paths()[0].get_extents() for path in ax.collections]
    assert [(edge.y0, edge.y1) for edge in edges] == [(20, 30), (23, 26)]


@pytest.mark.parametrize(
    ("times", "values"),
    [
        (TIMES, np.where(np.arange(24) % 5 == 0, np.nan, VALUES)),
        (np.arange(24), VALUES),
        (TIMES, np.full(24, 3.0)),
        (TIMES[:1], VALUES[:1]),
    ],
)
def test_gaps_numbers_constants_and_single_values_are_drawn(tmp_path, times, values):
    save(forecast(times, values), tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: forecast(TIMES[:3], VALUES), r"times: expected one for each of 24 values, got shape \(3,\)"),
        (lambda: forecast(TIMES, VALUES[:, None]), r"values: expected shape \(T,\), got \(24, 1\)"),
        (lambda: forecast(TIMES, VALUES, Course(AHEAD, VALUES)), "future.times: expected one for each of 24"),
    ],
)
def test_wrong_shapes_get_one_line(call, message):
    with pytest.raises(InputError, match=message):
        call()
