"""Forecast series; exponential smoothing and the other usual methods are the tools to compare with."""

from statistics import mean, median

import numpy as np

import elman
from benchmarks.unseen.classifying import trained
from benchmarks.unseen.peers_forecast import LEVEL, NAIVE, PEERS, figures, scale
from benchmarks.unseen.sets_forecast import SETS, Rolling
from benchmarks.unseen.table import Kind, Score, Scores

BETTER, NEVER_ABOVE, COVERAGE = 0.97, 1.1, (0.90, 0.98)


def forecast(data: Rolling, seed: int) -> Score:
    """Measure Elman's forecaster, which is trained before the first origin alone, with default options."""
    score, model = Score(), elman.Forecaster(horizon=data.horizon, seed=seed)
    with score.timed():
        model.fit(data.frame(training=True))
    found = model.evaluate(data.frame(training=False), every=data.every, levels=(LEVEL,))
    scales = np.array([scale(values, data) for values in data.series])[found.series]
    errors = np.abs(found.truth - found.forecasts["Elman"]).mean(axis=1) / scales
    low, high = found.intervals[LEVEL]
    covered = ((low <= found.truth) & (found.truth <= high)).mean(axis=1)
    score.figures = figures(errors.tolist(), covered.tolist())
    p = model.preprocessor_
    score.note = f"{trained(model)}, season {p.season}, context {p.context}"
    return score


def misses(scores: Scores) -> list[str]:
    """Elman is never more than a tenth worse than the seasonal naive forecast."""
    ours, naive = scores["Elman"].main, scores[NAIVE].main
    return [f"above {NEVER_ABOVE} x {NAIVE}"] if ours > NEVER_ABOVE * naive else []


def over_all(found: dict[str, Scores]) -> tuple[str, bool]:
    """Compare the median error with that of the best single peer, and the mean coverage with its bounds."""
    medians = {name: median(scores[name].main for scores in found.values()) for name in ("Elman", *PEERS)}
    best = min(PEERS, key=lambda name: medians[name])
    ratio = medians["Elman"] / medians[best]
    covered = mean(scores["Elman"].figures["coverage"] for scores in found.values())
    line = f"median MASE {ratio:.3f} x {best}'s, mean coverage {100 * covered:.1f} %"
    met = ratio <= BETTER and COVERAGE[0] <= covered <= COVERAGE[1]
    return line, met and not any(misses(scores) for scores in found.values())


KIND = Kind(
    name="forecast",
    measure="MASE, share within 95 % intervals",
    rule=f"median at most {BETTER} x the best peer's, never above {NEVER_ABOVE} x {NAIVE}, coverage 90 to 98 %",
    sets=SETS,
    elman=forecast,
    peers=PEERS,
    misses=misses,
    verdict=over_all,
)
