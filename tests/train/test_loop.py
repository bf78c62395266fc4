import json
import math
import os
import signal

import pytest
import torch
from torch import nn

from elman.errors import InputError, ModelFileError, TrainingError
from elman.options import TrainingOptions
from elman.train import Batch, Callback, Interrupted, Loop, RunFiles, read_container, write_container
from elman.train.checkpoint import Checkpoint, refuse_unfinished
from elman.train.metrics import read_metrics
from elman.train.optimise import make_optimizer


@pytest.fixture(autouse=True)
def _unflushed(monkeypatch):
    """Leave checkpoints in the system's cache: a disk takes 10 ms for each, and no test here cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


class Toy:
    """No text: a line fitted to batches that differ by step, with dropout, so that chance matters."""

    target = "row"
    loss_unit = "squared error"

    def __init__(self, steps_per_epoch=5, held_out=True, seed=0):
        torch.manual_seed(seed)
        self.network = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.Linear(8, 1))
        self.baselines = {"mean": 3.0}
        self.steps_per_epoch = steps_per_epoch
        self.held_out = held_out
        self.place = 0
        self.carried = torch.zeros(2)
        self.hook = lambda step: None

    def rows(self, place):
        x = torch.randn(16, 3, generator=torch.Generator().manual_seed(place))
        return x, x @ torch.tensor([[1.0], [-2.0], [0.5]]) + self.carried.sum()

    def forward(self):
        x, y = self.rows(self.place % self.steps_per_epoch)
        self.hook(self.place)
        return Batch((self.network(x) - y).square().mean(), 16)

    def advance(self):
        self.place += 1
        self.carried = self.carried * 0.5 + 0.1

    def evaluate(self):
        if not self.held_out:
            return None
        x, y = self.rows(999)
        return float((self.network(x) - y).square().mean())

    def state(self):
        return {"place": self.place}, {"carried": self.carried}

    def restore(self, numbers, tensors):
        self.place, self.carried = numbers["place"], tensors["carried"]

    def describe(self, loss):
        return {"root": loss**0.5}


def bits(network):
    return {name: tensor.clone().numpy().tobytes() for name, tensor in network.state_dict().items()}


def loop(task, identity=None, *, files=None, resume=False, callback=None, checkpoint_seconds=0.0, **options):
    run = {"files": files, "resume": resume, "callback": callback, "checkpoint_seconds": checkpoint_seconds}
    torch.manual_seed(3)
    return Loop(task, TrainingOptions(**{"epochs": 4, **options}), identity or {"size": 8}, run)


def at_step(step, act):
    return lambda place: act() if place == step else None


class CutOffError(Exception):
    pass


def stop():
    raise CutOffError


OPTIMISERS = [
    {"optimizer": "adam", "schedule": "cosine"},
    {"optimizer": "sgd", "schedule": "exponential"},
    {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant"},
    {"optimizer": "rmsprop", "schedule": "plateau", "learning_rate": 0.05},
    {"optimizer": "adam", "schedule": "linear", "clip": 0.5, "clip_value": 0.1},
    {"optimizer": "adam", "weight_decay": 0.1, "ema_decay": 0.8},
]


CUT_OFF = [(OPTIMISERS[0], step) for step in (0, 1, 4, 5, 12, 19)]
CUT_OFF += [(options, step) for options in OPTIMISERS[1:] for step in (5, 12)]


@pytest.mark.parametrize(("options", "step"), CUT_OFF)
def test_a_training_that_was_cut_off_ends_with_the_same_bits(tmp_path, options, step):
    whole = Toy()
    loop(whole, **options).run()
    cut = Toy()
    cut.hook = at_step(step, stop)
    files = RunFiles.within(tmp_path)
    with pytest.raises(CutOffError):
        loop(cut, files=files, **options).run()
    again = Toy(seed=5)
    resumed = loop(again, files=files, resume=True, **options)
    torch.manual_seed(77)
    resumed.run()
    assert bits(again.network) == bits(whole.network)
    steps = [line["step"] for line in read_metrics(files.metrics) if line["event"] == "evaluation"]
    assert steps == [5, 10, 15, 20]


def test_a_resume_that_forgot_the_random_state_is_caught(tmp_path, monkeypatch):
    whole, cut = Toy(), Toy()
    loop(whole).run()
    cut.hook = at_step(7, stop)
    with pytest.raises(CutOffError):
        loop(cut, files=RunFiles.within(tmp_path)).run()
    monkeypatch.setattr("elman.train.state.unpack_random", lambda state: None)
    again = Toy()
    loop(again, files=RunFiles.within(tmp_path), resume=True).run()
    assert bits(again.network) != bits(whole.network)


def test_watching_and_saving_change_nothing(tmp_path):
    quiet, busy = Toy(), Toy()
    loop(quiet, checkpoint_seconds=1e9).run()
    loop(busy, files=RunFiles.within(tmp_path)).run()
    assert bits(quiet.network) == bits(busy.network)


def test_more_epochs_may_follow_a_finished_training(tmp_path):
    whole, part = Toy(), Toy()
    loop(whole, epochs=6).run()
    loop(part, epochs=3, files=RunFiles.within(tmp_path)).run()
    again = Toy()
    loop(again, epochs=6, files=RunFiles.within(tmp_path), resume=True).run()
    assert bits(again.network) == bits(whole.network)


def test_the_best_weights_are_kept_and_patience_ends_it():
    task, losses, seen = Toy(), iter([3.0, 1.0, 2.0, 2.0, 2.0]), []
    task.evaluate = lambda: seen.append(bits(task.network)) or next(losses)
    progress = loop(task, epochs=50, patience=3).run()
    assert (progress.step, progress.best, progress.best_step) == (25, 1.0, 10)
    assert bits(task.network) == seen[1]


def test_minutes_end_it_and_a_resume_has_only_the_rest(tmp_path):
    task = Toy()
    progress = loop(task, epochs=None, minutes=0.005, files=RunFiles.within(tmp_path)).run()
    assert 0.3 <= progress.seconds < 5
    again = loop(Toy(), epochs=None, minutes=0.005, files=RunFiles.within(tmp_path), resume=True)
    assert again.run().step == progress.step


def test_a_fault_stops_with_step_parameter_and_layer_and_keeps_the_last_good_checkpoint(tmp_path):
    task = Toy()

    def poison():
        with torch.no_grad():
            task.network[2].weight[0, 0] = math.nan

    task.hook = at_step(7, poison)
    with pytest.raises(TrainingError) as caught:
        loop(task, files=RunFiles.within(tmp_path)).run()
    message = str(caught.value)
    for part in (
        "step 8",
        "the gradient of 0.weight",
        "2 (Linear)",
        "last good checkpoint",
        str(tmp_path / "checkpoint"),
    ):
        assert part in message
    saved = Checkpoint.load(RunFiles.within(tmp_path).checkpoint, {"size": 8})
    assert saved.numbers["progress"]["step"] == 7
    assert all(torch.isfinite(t).all() for t in saved.part("network").values())


def test_a_held_out_loss_that_is_no_number_stops_it():
    task = Toy()
    task.evaluate = lambda: math.nan
    with pytest.raises(TrainingError, match="after step 5: the held-out loss is not a number"):
        loop(task).run()


def test_ctrl_c_stops_between_two_steps_and_saves(tmp_path):
    whole, task = Toy(), Toy()
    loop(whole).run()
    task.hook = at_step(6, lambda: os.kill(os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match="stopped after step 7") as caught:
        loop(task, files=RunFiles.within(tmp_path), checkpoint_seconds=1e9).run()
    assert caught.value.step == 7
    assert signal.getsignal(signal.SIGINT) is before
    again = Toy()
    loop(again, files=RunFiles.within(tmp_path), resume=True).run()
    assert bits(again.network) == bits(whole.network)
    task.hook = at_step(8, stop)
    (tmp_path / "d").mkdir()
    with pytest.raises(CutOffError):
        loop(task, files=RunFiles.within(tmp_path / "d")).run()
    with pytest.raises(ModelFileError, match=r"unfinished training of 1 updates.*--resume.*--overwrite"):
        refuse_unfinished(RunFiles.within(tmp_path / "d").checkpoint)
    refuse_unfinished(RunFiles.within(tmp_path).checkpoint)


def test_a_checkpoint_of_another_configuration_says_what_differs(tmp_path):
    loop(Toy(), files=RunFiles.within(tmp_path)).run()
    with pytest.raises(ModelFileError, match=r"another configuration \(size was 8, is 9\)"):
        loop(Toy(), files=RunFiles.within(tmp_path), resume=True, identity={"size": 9}).run()


@pytest.mark.parametrize("name", ["ranks", "metrics_length"])
@pytest.mark.parametrize("value", [None, "", -1, 1.0, 2**70, []])
def test_a_checkpoint_whose_numbers_somebody_changed_is_refused(tmp_path, name, value):
    files = RunFiles.within(tmp_path)
    loop(Toy(), files=files).run()
    kind, content, tensors = read_container(files.checkpoint)
    write_container(files.checkpoint, kind, content | {name: value}, tensors)
    with pytest.raises(ModelFileError, match=f"not a checkpoint this Elman can resume: {name} is "):
        loop(Toy(), files=files, resume=True).run()


def test_the_length_is_pinned_where_the_schedule_depends_on_it(tmp_path):
    loop(Toy(), files=RunFiles.within(tmp_path), schedule="cosine").run()
    with pytest.raises(ModelFileError, match="epochs was 4, is 5"):
        loop(Toy(), files=RunFiles.within(tmp_path), resume=True, schedule="cosine", epochs=5).run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adamw"}, "optimizer: expected one of adam, sgd, rmsprop, got 'adamw'"),
        ({"schedule": "step"}, "schedule: expected one of constant"),
        ({"schedule": "cosine", "minutes": 1.0}, "give epochs, not minutes"),
    ],
)
def test_options_that_cannot_work_are_named(options, message):
    with pytest.raises(InputError, match=message):
        loop(Toy(), **options)


def test_metrics_are_lines_of_json_with_everything_in_them(tmp_path):
    files = RunFiles.within(tmp_path)
    loop(Toy(), files=files, clip=0.5).run()
    first, *lines = [json.loads(line) for line in files.metrics.read_text().splitlines()]
    assert first == {"event": "begin", "target": "row", "loss_unit": "squared error", "baselines": {"mean": 3.0}}
    evaluation = next(line for line in lines if line["event"] == "evaluation")
    assert evaluation["root"] == pytest.approx(evaluation["loss"] ** 0.5)
    train = next(line for line in lines if line["event"] == "train")
    assert {"step", "epoch", "rows", "seconds", "learning_rate", "clipped_share", "loss", "gradient_norm", "rate"} <= {
        *train
    }
    assert 0 < lines[-1]["clipped_share"] <= 1


def test_a_job_with_nothing_held_out_trains_to_its_last_weights(tmp_path):
    progress = loop(Toy(held_out=False), files=RunFiles.within(tmp_path)).run()
    assert progress.best is None
    assert progress.step == 20


def test_a_training_limited_by_minutes_is_evaluated_evenly_over_its_time():
    task, times = Toy(steps_per_epoch=10**6), []

    class Times(Callback):
        def on_evaluation(self, progress):
            times.append(progress.counters.seconds)

    loop(task, epochs=None, minutes=0.01, callback=Times()).run()
    eighths = [int(seconds // (0.6 / 8)) for seconds in times[:-1]]
    assert len(set(eighths)) == len(eighths)
    assert 1 <= len(times) <= 9


def test_a_cut_off_training_limited_by_minutes_goes_on_for_the_rest(tmp_path):
    cut = Toy()
    cut.hook = at_step(3, stop)
    with pytest.raises(CutOffError):
        loop(cut, epochs=None, minutes=0.005, files=RunFiles.within(tmp_path)).run()
    before = Checkpoint.load(RunFiles.within(tmp_path).checkpoint, {"size": 8}).numbers["progress"]
    again = loop(Toy(), epochs=None, minutes=0.005, files=RunFiles.within(tmp_path), resume=True)
    progress = again.run()
    assert before["seconds"] < 0.3 <= progress.seconds
    assert progress.step > before["step"] == 3


def test_the_averaged_weights_are_measured_and_kept_while_training_goes_on_from_the_last_ones():
    plain, mean, measured = Toy(), Toy(), []
    loop(plain, epochs=2).run()
    real = mean.evaluate
    mean.evaluate = lambda: measured.append(bits(mean.network)) or real()
    updates = []
    mean.hook = lambda place: updates.append({n: p.detach().clone() for n, p in mean.network.named_parameters()})
    training = loop(mean, epochs=2, ema_decay=0.5)
    training.run()
    last = dict(plain.network.named_parameters())
    assert bits(mean.network) in measured
    want = updates[0]
    for step, weights in enumerate([*updates[1:], last], 1):
        past = min(0.5, (1 + step) / (10 + step))
        want = {name: past * want[name] + (1 - past) * weights[name] for name in want}
    for name, tensor in training.state.averaged.items():
        torch.testing.assert_close(tensor, want[name])
    assert measured[-1] == {n: t.numpy().tobytes() for n, t in training.state.averaged.items()}


def test_weight_decay_takes_its_share_apart_from_the_gradient():
    network = nn.Linear(2, 1, bias=False)
    before = network.weight.detach().clone()
    optimizer = make_optimizer("adam", network.parameters(), 0.1, 0.9, weight_decay=0.5)
    network.weight.grad = torch.zeros_like(network.weight)
    optimizer.step()
    torch.testing.assert_close(network.weight.detach(), before * (1 - 0.1 * 0.5))
