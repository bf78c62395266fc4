"""Sequences of different lengths: each is followed from its own last step, and padding is no step."""

import numpy as np
import pytest
import torch
from tests.doctor.models import CELLS
from tests.tolerance import RELATIVE
from torch.nn.utils.rnn import pack_sequence, pad_sequence

import elman

F32 = RELATIVE[torch.float32]
LENGTHS = [5, 9, 2]
"""The longest is not the first, so that packing sorts them."""


def rows():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(length, 4, generator=generator) for length in LENGTHS]


def packed_loss(net, sequences):
    packed = pack_sequence(sequences, enforce_sorted=False)
    return lambda: net(packed)[0].data.square().sum()


def one_by_one(net, number):
    """Return the findings of each row alone, as a batch of one."""
    found = [elman.diagnose(net, lambda x=x: net(x[:, None])[0].square().sum()).layers[number] for x in rows()]
    return [layer.by_lag for layer in found], [layer.by_step for layer in found]


def by_lag_of(curves):
    at_loss = sum(curve[0] ** 2 for curve in curves)
    there = [[curve for curve in curves if len(curve) > lag] for lag in range(max(LENGTHS))]
    shares = [
        sum(curve[lag] ** 2 for curve in some) / sum(curve[0] ** 2 for curve in some) for lag, some in enumerate(there)
    ]
    return np.sqrt(at_loss * np.array(shares))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_packed_batch_is_its_rows(cell, reverse):
    torch.manual_seed(0)
    net = CELLS[cell](4, 5, bidirectional=reverse)
    layer = elman.diagnose(net, packed_loss(net, rows())).layers[int(reverse)]
    lags, steps = one_by_one(net, int(reverse))
    np.testing.assert_allclose(layer.by_lag, by_lag_of(lags), rtol=F32)
    alive = [[found for found in steps if len(found) > step] for step in range(max(LENGTHS))]
    wanted = [np.sqrt(sum(f[t] ** 2 for f in some) * len(LENGTHS) / len(some)) for t, some in enumerate(alive)]
    np.testing.assert_allclose(layer.by_step, wanted, rtol=F32)


def test_rows_that_end_together_would_be_seen():
    torch.manual_seed(0)
    net = elman.GRU(4, 5)
    lags, _ = one_by_one(net, 0)
    by_time = [np.sqrt(sum(curve[-1 - t] ** 2 for curve in lags if len(curve) > t)) for t in range(max(LENGTHS))]
    assert (np.abs(np.array(by_time[::-1]) / by_lag_of(lags) - 1) > 10 * F32).all()


def test_padding_that_the_loss_leaves_out_is_as_good_as_packing():
    torch.manual_seed(0)
    net = elman.LSTM(4, 5)
    padded = pad_sequence(rows())
    mask = torch.arange(len(padded))[:, None, None] < torch.tensor(LENGTHS)[:, None]
    by_mask = elman.diagnose(net, lambda: (net(padded)[0] * mask).square().sum()).layers[0]
    by_packing = elman.diagnose(net, packed_loss(net, rows())).layers[0]
    np.testing.assert_allclose(by_mask.by_lag, by_packing.by_lag, rtol=F32)


def test_a_report_of_a_packed_batch():
    net = elman.LSTM(4, 5, bidirectional=True)
    report = elman.diagnose(net, packed_loss(net, rows()))
    assert [layer.name for layer in report.layers] == ["layer 0 forward", "layer 0 reverse"]
    assert (report.findings.steps, report.findings.batch, report.findings.loss_steps) == (9, 3, 1.0)
    assert report.layers[0].map.shape == (5, 5)  # the first sequence, as long as it is


def test_the_share_of_steps_at_which_the_loss_looks():
    net = elman.RNN(4, 5)
    packed = pack_sequence(rows(), enforce_sorted=False)
    first_of_each = elman.diagnose(net, lambda: net(packed)[0].data[: len(LENGTHS)].square().sum())
    assert first_of_each.findings.loss_steps == pytest.approx(3 / sum(LENGTHS))
    assert len(first_of_each.layers[0].by_lag) == 1
