"""Cut series into examples: a window before each origin, and the steps after it."""

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from elman.data.series import Panel
from elman.data.splits import split_rows
from elman.errors import DataError
from elman.models.forecast.network import ForecastNetwork, Sizes
from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.preprocess import Preparation, Prepared, least_window, training_length
from elman.train import Batch

Numbers = npt.NDArray[np.float64]
Origins = npt.NDArray[np.int64]


class Inputs(NamedTuple):
    """The inputs of a batch: windows `(T, B, I)` or packed, and the known of each step `(B, K, F)`."""

    window: Tensor | PackedSequence
    known: Tensor


class Windows:
    """Windows before some origins.

    Args:
        network: what reads them.
        preparation: says how long they are.
        prepared: the series.
        series: the number of each window's series, shape `(n,)`.
        origins: the step of the series that each window's forecast begins with, shape `(n,)`.
    """

    def __init__(
        self,
        network: ForecastNetwork,
        preparation: Preparation,
        prepared: Prepared,
        series: Origins,
        origins: Origins,
    ) -> None:
        self.network, self._with, self._data = network, preparation, prepared
        self.lengths = np.minimum(preparation.context, origins - preparation.lag)
        self._at = prepared.starts[series] + origins

    def __len__(self) -> int:
        return len(self._at)

    def loss(self, rows: Origins) -> Batch:
        """Return the members' mean absolute error in spreads over all steps that were observed."""
        truth = self.truth(rows)
        seen = torch.from_numpy(~np.isnan(truth))
        wanted = torch.from_numpy(np.nan_to_num(truth)).float()
        errors = (self.network(*self.inputs(rows)) - wanted).abs() * seen
        count = int(seen.sum())
        return Batch(errors.sum() / (count * len(self.network.members)), count)

    def forecast(self, rows: Origins) -> Numbers:
        """Return the change from the last value, in spreads, shape `(B, K)`. Put the network in `eval` first."""
        with torch.no_grad():
            changes: Numbers = self.network(*self.inputs(rows)).double().mean(dim=0).numpy()
        return changes

    def naive_losses(self) -> dict[str, float]:
        """Return the losses of the last value and, where there is a season, of the value one season before."""
        rows, losses = np.arange(len(self)), {}
        truth = self.truth(rows)
        losses["last value"] = float(np.nanmean(np.abs(truth)))
        if self._with.season > 1:
            losses["seasonal naive"] = float(np.nanmean(np.abs(self._season_before(rows) - truth)))
        return losses

    def last(self, rows: Origins) -> Numbers:
        """Return the value before each origin, in spreads, shape `(B, 1)`."""
        return np.asarray(self._data.values[self._at[rows] - 1][:, None])

    def truth(self, rows: Origins) -> Numbers:
        """Return how the series went on from the last value, in spreads, `(B, K)`; NaN where nothing was observed."""
        places = self._future(rows)
        return np.where(self._data.observed[places], self._data.values[places] - self.last(rows), np.nan)

    def inputs(self, rows: Origins) -> Inputs:
        """Return what the network reads. Values after an origin are not read."""
        data, season = self._data, self._with.season
        at, lengths = self._at[rows], self.lengths[rows]
        places = np.minimum((at - lengths)[:, None] + np.arange(lengths.max()), (at - 1)[:, None])
        future = self._future(rows)
        last = self.last(rows)
        window = [(data.values[places] - last)[..., None], data.covariates[places], data.calendar[places]]
        known = [data.calendar[future]]
        if season > 1:
            window.append((data.values[places] - data.values[places - season])[..., None])
            known.append(self._season_before(rows)[..., None])
        steps = torch.from_numpy(np.concatenate(window, axis=-1)).float().transpose(0, 1).contiguous()
        facts = torch.from_numpy(np.concatenate(known, axis=-1)).float()
        if (lengths == lengths[0]).all():
            return Inputs(steps, facts)
        return Inputs(pack_padded_sequence(steps, torch.from_numpy(lengths), enforce_sorted=False), facts)

    def _season_before(self, rows: Origins) -> Numbers:
        """Return the change from the last value to the values one season before the future steps, `(B, K)`."""
        season = self._with.season
        back = (self._at[rows] - season)[:, None] + np.arange(self._with.horizon) % season
        return np.asarray(self._data.values[back] - self.last(rows))

    def _future(self, rows: Origins) -> Origins:
        return self._at[rows][:, None] + np.arange(self._with.horizon)


def input_sizes(prepared: Prepared, preparation: Preparation) -> Sizes:
    """Return how much the network reads."""
    calendar = prepared.calendar.shape[1]
    seasonal = int(preparation.season > 1)
    return Sizes(1 + prepared.covariates.shape[1] + calendar + seasonal, calendar + seasonal)


def all_origins(
    prepared: Prepared, preparation: Preparation, begins: list[int], ends: list[int]
) -> tuple[Origins, Origins]:
    """Return series and step of every origin whose horizon lies within a part of its series.

    An origin stands after an observed step: a filled one may know what comes after it. At least one step of its horizon
    is observed.

    Args:
        prepared: the series.
        preparation: says how far windows reach.
        begins: the first origin of each series; earlier ones than the shortest window allows are left out.
        ends: where the last horizon of each series ends.
    """
    series, origins = [], []
    first = preparation.lag + least_window(preparation.context)
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        steps = np.arange(max(begin, first), end - preparation.horizon + 1)
        start = prepared.starts[number]
        observed = prepared.observed[start : prepared.starts[number + 1]]
        ahead = np.lib.stride_tricks.sliding_window_view(observed, preparation.horizon)
        steps = steps[observed[steps - 1] & ahead[steps].any(axis=1)]
        series.append(np.full(len(steps), number))
        origins.append(steps)
    return np.concatenate(series), np.concatenate(origins)


def make_windows(
    network: ForecastNetwork, preparation: Preparation, prepared: Prepared, panel: Panel, options: ForecasterOptions
) -> tuple[Windows, Windows | None]:
    """Return the windows to learn from and those held out: by time, or at random with a warning if that was asked for.

    Raises:
        DataError: so much was filled in that no window is left.
    """
    ends = [len(one) for one in panel]
    cuts = [training_length(end, options) for end in ends]
    if options.split == "shuffled":
        series, origins = all_origins(prepared, preparation, [0] * len(ends), ends)
        _warn_of_shuffling()
        parts = split_rows(len(origins), options.validation_fraction, "shuffled", options.seed) if len(origins) else ()
        found = [(series[rows], origins[rows]) for rows in parts]
    else:
        found = [
            all_origins(prepared, preparation, [0] * len(ends), cuts),
            all_origins(prepared, preparation, cuts, ends),
        ]
    if not found or not len(found[0][1]) or (options.validation_fraction and not len(found[1][1])):
        raise DataError(
            f"{panel.source}: so much was missing and filled in that no window is left: give more whole rows"
        )
    training, held_out = (Windows(network, preparation, prepared, *both) for both in found)
    return training, held_out if options.validation_fraction else None


def _warn_of_shuffling() -> None:
    warnings.warn(
        "split: shuffled windows overlap with held-out ones, so that the held-out loss knows the future and intervals "
        "are too narrow: take split='time' for anything but a comparison",
        UserWarning,
        stacklevel=2,
    )
