"""The forecaster on two public series, beside naive forecasts: three seeds, medians.

    python -m benchmarks.forecasts [airline weather] [--data FOLDER]

airline: 144 months of passengers, the last 24 held out, 12 months ahead from each of 13 origins.
weather: daily maxima in Seattle with three covariates, the last year held out, 1 to 7 days ahead from each day.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import elman

DATA = Path(__file__).parents[2] / "shared" / "data"
SEEDS = (0, 1, 2)


def airline(data: Path, seed: int) -> list[dict[str, Any]]:
    """The last two years of the airline series."""
    model = elman.Forecaster(horizon=12, time="month", value="passengers", seed=seed)
    return model.backtest(data / "airline.csv", 13).table()


def weather(data: Path, seed: int) -> list[dict[str, Any]]:
    """The last year of Seattle's daily maxima."""
    covariates = ("precipitation", "temp_min", "wind")
    model = elman.Forecaster(horizon=7, time="date", value="temp_max", covariates=covariates, seed=seed)
    return model.backtest(data / "seattle_weather.csv", 359).table()


JOBS: dict[str, tuple[Callable[[Path, int], list[dict[str, Any]]], tuple[str, ...]]] = {
    "airline": (airline, ("seasonal naive",)),
    "weather": (weather, ("last value", "seasonal mean")),
}


def measure(name: str, data: Path) -> bool:
    """Print a job's table; whether it beat what it has to beat, with intervals that hold 80 to 99 %."""
    job, to_beat = JOBS[name]
    tables, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        tables.append({row["method"]: row for row in job(data, seed)})
        seconds.append(time.perf_counter() - start)
    print(f"\n{name}: python -m benchmarks.forecasts {name}; medians of seeds {SEEDS}")
    print(f"{'method':16}{'MAE':>9}{'RMSE':>9}{'MASE':>8}{'within 95 %':>13}")
    medians = {
        method: {key: statistics.median(table[method][key] for table in tables) for key in row if key != "method"}
        for method, row in tables[0].items()
    }
    for method, row in medians.items():
        held = f"{row['coverage-95']:13.1%}" if "coverage-95" in row else ""
        print(f"{method:16}{row['MAE']:9.3f}{row['RMSE']:9.3f}{row['MASE']:8.3f}{held}")
    ours = medians["Elman"]
    met = all(ours["MASE"] < medians[other]["MASE"] for other in to_beat) and 0.8 <= ours["coverage-95"] <= 0.99
    print(f"{statistics.median(seconds):.1f} s; below {' and '.join(to_beat)}: {'met' if met else 'MISSED'}")
    return met


def main() -> None:
    """Run the jobs; exit 1 when one misses what is promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"{arguments.data} is not here: name a folder with airline.csv and seattle_weather.csv with --data")
    sys.exit(0 if all([measure(name, arguments.data) for name in arguments.jobs or JOBS]) else 1)


if __name__ == "__main__":
    main()
