"""The task over examples of varying length: what the loop asks of it, on examples that keep a log."""

import numpy as np
import pytest
import torch
from torch import nn

from elman.models.estimator.examples import ByLength
from elman.train import Batch


class Log:
    """Examples whose loss is the mean of their numbers, and which note what was asked."""

    def __init__(self, lengths):
        self.lengths = np.array(lengths)
        self.asked = []

    def loss(self, rows):
        self.asked.append(rows.tolist())
        return Batch(torch.tensor(rows, dtype=torch.float64).mean(), len(rows))


def task(training, held_out=None, batch=3):
    return ByLength(
        nn.Linear(1, 1), training, held_out, batch=batch, seed=4, target="row", loss_unit="nats/row", baselines={}
    )


def run(job, steps):
    for _ in range(steps):
        job.forward()
        job.advance()


def test_each_epoch_asks_for_every_example_once_and_anew():
    log = Log([5, 1, 4, 2, 2, 7, 3])
    job = task(log)
    assert job.steps_per_epoch == 3
    run(job, 6)
    first, second = log.asked[:3], log.asked[3:]
    for epoch in (first, second):
        assert sorted(row for rows in epoch for row in rows) == list(range(7))
    assert first != second


def test_a_batch_asked_for_twice_is_the_same_until_it_is_accepted():
    log = Log([3, 1, 2, 2])
    job = task(log, batch=2)
    job.forward()
    job.forward()
    assert log.asked[0] == log.asked[1]


@pytest.mark.parametrize("step", range(7))
def test_a_restored_task_goes_on_where_it_stood(step):
    one, other = Log(range(1, 9)), Log(range(1, 9))
    job = task(one)
    run(job, step)
    again = task(other)
    again.restore(*job.state())
    run(job, 4)
    run(again, 4)
    assert one.asked[step:] == other.asked


def test_the_held_out_loss_is_the_mean_over_targets_not_over_batches():
    held_out = Log([1, 2, 3, 4, 5])
    assert task(Log([1]), held_out, batch=4).evaluate() == pytest.approx(2.0)
    assert [len(rows) for rows in held_out.asked] == [4, 1]
    assert task(Log([1])).evaluate() is None
