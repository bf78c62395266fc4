"""Series to forecast: fifty public ones of mixed kinds, and two panels."""

import ast
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.unseen import archives
from benchmarks.unseen.table import Set

Numbers = npt.NDArray[np.float64]
R = "rdata/csv"
ORIGINS = 3
LONGEST = 1200
"""Steps that are read of a series, the last ones."""


@dataclass(frozen=True)
class Rolling:
    """Series, and how they are forecast: from three origins, half a horizon apart, the last a horizon before the end.

    Attributes:
        series: the values of each series.
        step: pandas' name of the step, such as "MS".
        seasons: steps in each season, shortest first; (1,) for none.
        horizon: steps ahead.
    """

    series: list[Numbers]
    step: str
    seasons: tuple[int, ...]
    horizon: int

    def __str__(self) -> str:
        many = f"{len(self.series)} x " if len(self.series) > 1 else ""
        return f"{many}{len(self.series[0]):,}, h {self.horizon}"

    @property
    def every(self) -> int:
        """Steps between two origins."""
        return max(1, self.horizon // 2)

    @property
    def held_out(self) -> int:
        """Steps from the first origin on."""
        return self.horizon + (ORIGINS - 1) * self.every

    def frame(self, training: bool) -> pd.DataFrame:
        """Return the series in the long format, as a whole or before the first origin."""
        parts = []
        for number, values in enumerate(self.series):
            kept = values[: len(values) - self.held_out] if training else values
            stamps = pd.date_range("1950-01-01", periods=len(values), freq=self.step)[: len(kept)]
            parts.append(pd.DataFrame({"unique_id": f"s{number}", "ds": stamps, "y": kept}))
        return pd.concat(parts, ignore_index=True)


KINDS = {
    "yearly": ("YS", (1,), 6),
    "short yearly": ("YS", (1,), 3),
    "quarterly": ("QS", (4,), 8),
    "monthly": ("MS", (12,), 12),
    "short monthly": ("MS", (12,), 6),
    "weekly": ("W", (52,), 13),
    "plain": ("D", (1,), 10),
    "hourly": ("h", (24,), 24),
    "half-hourly": ("30min", (48, 336), 48),
}
"""The step, the seasons and the horizon of a series by its kind."""


def rolling(values: object, kind: str) -> Rolling:
    step, seasons, horizon = KINDS[kind]
    found = np.asarray(values, np.float64)
    return Rolling([found[np.isfinite(found)][-LONGEST:]], step, seasons, horizon)


def of_r(path: str, column: str, kind: str) -> Rolling:
    member = archives.nested("pydataset", "pydataset/resources.tar.gz")[f"{R}/{path}.csv"]
    return rolling(pd.read_csv(io.BytesIO(member))[column], kind)


def of_statsmodels(name: str, column: str, kind: str) -> Rolling:
    from statsmodels import datasets

    table = getattr(datasets, name).load_pandas().data
    return rolling(table.drop(columns="YEAR").to_numpy().ravel() if name == "elnino" else table[column], kind)


def of_table(package: str, path: str, column: str, kind: str, where: tuple[str, str] | None = None) -> Rolling:
    table = pd.read_csv(io.BytesIO(archives.read(package, path)))
    return rolling((table[table[where[0]] == where[1]] if where else table)[column], kind)


def of_pmdarima(name: str, kind: str) -> Rolling:
    """Return a series that pmdarima holds as the longest list of numbers in a module."""
    tree = ast.parse(archives.read("pmdarima", f"pmdarima/datasets/{name}.py"))
    lists = [node for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple)]
    longest = max(lists, key=lambda node: len(node.elts))
    return rolling(ast.literal_eval(longest), kind)


def m1(horizon: int = 6, most: int = 60) -> Rolling:
    """Return short yearly series of different levels, those long enough to be held out."""
    text = archives.read("aeon", "aeon/datasets/data/m1_yearly_dataset/m1_yearly_dataset.tsf").decode("latin-1")
    rows = [line.rsplit(":", 1)[1].split(",") for line in text.split("@data", 1)[1].splitlines() if line.strip()]
    series = [np.array(row, np.float64) for row in rows if len(row) >= 26]
    return Rolling(series[:most], "YS", (1,), horizon)


def loads(count: int = 3) -> Rolling:
    """Return half-hourly loads with day and week, weather that lasts for days, and noise that grows with the level."""
    random, steps = np.random.default_rng(12), 48 * 7 * 5
    series, hour = [], np.arange(48 * 7 * 5) / 2
    for _ in range(count):
        day = np.sin((hour % 24 - 9) / 24 * 2 * np.pi) + 0.5 * np.sin((hour % 24 - 4) / 12 * 2 * np.pi)
        working = np.where(hour // 24 % 7 < 5, 1.0, random.uniform(0.6, 0.8))
        weather = np.zeros(steps)
        for t in range(1, steps):
            weather[t] = 0.995 * weather[t - 1] + 0.02 * random.normal()
        level = random.uniform(50, 5000)
        series.append(
            level * (1 + 0.3 * day * working + 0.2 * (working - 1) + weather) * (1 + 0.02 * random.normal(size=steps))
        )
    return Rolling(series, "30min", (48, 336), 48)


def _r(path: str, kind: str, column: str = "", quick: bool = False) -> Set:
    name = path.split("/")[1]
    column = column or name
    shown = name if column == name else f"{name}-{column}"
    return Set(shown, f"{kind}, pydataset", lambda: of_r(path, column, kind), ("pydataset",), quick)


def _vega(column: str) -> Set:
    file = "vega_datasets/_data/us-employment.csv"
    return Set(f"us-{column}", "monthly, vega_datasets", lambda: of_table("vega", file, column, "monthly"), ("vega",))


def _stock(name: str) -> Set:
    file = "vega_datasets/_data/stocks.csv"
    return Set(f"stock-{name}", "monthly, vega_datasets",
               lambda: of_table("vega", file, "price", "monthly", ("symbol", name)), ("vega",))  # fmt: skip


def _us_change(column: str) -> Set:
    file = "aeon/datasets/data/Uschange/Uschange.csv"
    return Set(f"change-{column}", "quarterly, aeon", lambda: of_table("aeon", file, column, "quarterly"), ("aeon",))


def _macro(column: str) -> Set:
    return Set(f"macro-{column}", "quarterly, statsmodels", lambda: of_statsmodels("macrodata", column, "quarterly"))


def _pmdarima(name: str, kind: str) -> Set:
    return Set(name, f"{kind}, pmdarima", lambda: of_pmdarima(name, kind), ("pmdarima",))


def _temperatures(town: str) -> Set:
    file = f"vega_datasets/_data/{town}-temps.csv"
    return Set(f"{town}-temps", "hourly, vega_datasets", lambda: of_table("vega", file, "temp", "hourly"), ("vega",))


SETS = [
    *(_r(f"datasets/{name}", "yearly") for name in ("LakeHuron", "Nile", "discoveries", "lynx", "nhtemp")),
    *(_r(f"datasets/{name}", "yearly") for name in ("sunspot.year", "treering")),
    _r("HistData/Arbuthnot", "yearly", "Males"),
    _r("HistData/Arbuthnot", "yearly", "Females"),
    *(_r(f"datasets/{name}", "plain") for name in ("BJsales", "WWWusage", "lh")),
    _r("datasets/airmiles", "short yearly"),
    _r("datasets/UKgas", "quarterly", quick=True),
    *(_r(f"datasets/{name}", "quarterly") for name in ("JohnsonJohnson", "austres")),
    *(_r(f"datasets/{name}", "monthly") for name in ("co2", "nottem", "sunspot.month")),
    _r("datasets/USAccDeaths", "monthly", quick=True),
    *(_r(f"MASS/{name}", "monthly") for name in ("deaths", "drivers")),
    _r("boot/manaus", "monthly"),
    *map(_macro, ("realgdp", "realcons", "realinv", "cpi", "unemp", "infl", "tbilrate")),
    Set("elnino", "monthly, statsmodels", lambda: of_statsmodels("elnino", "", "monthly")),
    *map(_vega, ("nonfarm", "construction", "retail_trade", "leisure_and_hospitality", "government", "manufacturing",
        "information")),
    *map(_stock, ("MSFT", "IBM", "AMZN")),
    *map(_us_change, ("Consumption", "Income", "Production")),
    Set("shampoo", "monthly, aeon", lambda: of_table("aeon", "aeon/datasets/data/ShampooSales/ShampooSales.csv",
        "Sales", "short monthly"), ("aeon",)),
    *(_pmdarima(name, "quarterly") for name in ("woolyrnq", "ausbeer")),
    _pmdarima("wineind", "monthly"),
    Set("co2-weekly", "weekly, statsmodels", lambda: of_statsmodels("co2", "co2", "weekly")),
    _pmdarima("heartrate", "plain"),
    *map(_temperatures, ("sf", "seattle")),
    _pmdarima("taylor", "half-hourly"),
    Set("solar", "half-hourly, aeon", lambda: of_table("aeon", "aeon/datasets/data/solar/solar.csv", "solar_gen",
        "half-hourly"), ("aeon",)),
    Set("m1", "60 short yearly series of the M1 competition, aeon", m1, ("aeon",)),
    Set("loads", "made: 3 half-hourly loads with day and week", loads),
]  # fmt: skip
