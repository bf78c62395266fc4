"""Values of any size, sign and kind: forecasts are finite, keep the sign of their series, and nothing warns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

import elman
from elman.errors import DataError
from elman.models.loading import ESTIMATORS

QUICK = {"horizon": 3, "context": 8, "members": 1, "hidden_size": 4, "epochs": 1}
T = np.arange(60.0)
WAVE = 10 + np.sin(T) + T / 20
COUNTS = np.random.default_rng(0).poisson(0.3, 60).astype(float)
SIZES = {
    "tiny": WAVE * 1e-300,
    "denormal": np.round(WAVE) * 5e-324,
    "huge": -WAVE * 1e36,
    "both signs, huge": np.where(T % 2 == 0, 1e38, -1e38),
    "one huge value": np.where(T == 20, 1e38, WAVE),
    "a huge value that is held out": np.where(T == 58, 1e20, WAVE),
    "zeros": T * 0,
    "zeros in the training part": np.where(T > 55, 1.0, 0.0),
    "a tiny constant": T * 0 + 3e-310,
    "a large level": 1e15 + WAVE,
    "explosive": np.exp(1.4 * T),
    "vanishing": np.exp(-5 * T),
    "counts": COUNTS,
}


@pytest.mark.parametrize("case", SIZES)
def test_forecasts_and_measures_of_any_size_are_finite(case):
    values = SIZES[case]
    columns = elman.Forecaster(**QUICK).fit(values).predict()[["y", "lo-95", "hi-95"]].to_numpy()
    assert np.isfinite(columns).all()
    if (values >= 0).all():
        assert (columns >= 0).all()
    measured = elman.Forecaster(**QUICK).backtest(values, 3).table()
    assert all(np.isfinite([row["MAE"], row["RMSE"], row["sMAPE"]]).all() for row in measured)
    assert all(row["RMSE"] >= row["MAE"] * (1 - 1e-9) for row in measured)


@pytest.mark.parametrize("size", [1e38, 1e-300, 5e-324])
def test_covariates_of_any_size_are_read(size):
    frame = pd.DataFrame({"ds": np.arange(60), "y": WAVE, "push": np.sin(T) * size})
    assert np.isfinite(elman.Forecaster(**QUICK, covariates=["push"]).fit(frame).predict()["y"]).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(T == 30, 1e308, WAVE), r"row 31, column 'y': expected a number of at most 3.4e\+38, got 1e\+308"),
        (np.where(T == 58, 1e38, WAVE), r"the 'value' 1e\+38 at 58 is more than 1e\+30 times the changes"),
        (np.where(T > 55, 1.0, 1e-40 * T), r"the 'value' 1 at 5\d is more than 1e\+30 times the changes"),
    ],
)
def test_what_cannot_be_computed_with_is_named(values, message):
    with pytest.raises(DataError, match=message):
        elman.Forecaster(**QUICK).fit(values)


def test_a_covariate_that_float32_cannot_hold_is_named():
    frame = pd.DataFrame({"ds": np.arange(60), "y": WAVE, "push": np.where(T == 59, 1e37, np.sin(T))})
    with pytest.raises(DataError, match=r"the 'push' 1e\+37 at 59 is more than"):
        elman.Forecaster(**QUICK, covariates=["push"]).fit(frame)


def test_the_sign_is_kept_unless_asked_otherwise():
    falling = np.maximum(60 - T, 0)
    lowest = {
        choice: elman.Forecaster(**QUICK, nonnegative=choice).fit(falling).predict()["lo-95"].min()
        for choice in (None, True, False)
    }
    assert lowest[None] == lowest[True] == 0
    assert lowest[False] < 0
    signed = elman.Forecaster(**QUICK).fit(falling - 5)
    assert signed.predict()["lo-95"].min() < 0, "a series that was negative may be so again"
    assert "1 series 0 in logarithms, 0 not forecast below 0" in signed.preprocessor_.described


def test_no_option_looks_like_a_method_of_another_kind_of_estimator():
    for estimator in ESTIMATORS:
        made = estimator()
        assert not {"transform", "inverse_transform", "fit_predict", "fit_transform"} & made.get_params().keys()
        assert not hasattr(made, "transform")
    assert not is_classifier(elman.Forecaster())
    assert not hasattr(Pipeline([("model", elman.Forecaster())]), "transform")
