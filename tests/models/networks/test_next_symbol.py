"""The job of predicting the next character, cut off and taken up again with all that it carries."""

import functools
from dataclasses import replace

import numpy as np
import pytest

import elman
from elman.bptt import Position, Streams
from elman.models.networks import next_symbol
from elman.train import Callback, RunFiles

pytestmark = pytest.mark.usefixtures("without_pictures")
TEXT = "".join(f"{n} men went to mow, went to mow {n % 7} meadows;" for n in range(40))
SMALL = {"hidden_size": 12, "num_layers": 2, "embedding_dim": 6, "batch_size": 3, "k1": 10, "epochs": 2, "dropout": 0.1}
SMALL |= {"answer": "network"}
CUT = 31
"""An update in the second of two passes over the beginning of the text."""


class PullsThePlug(Callback):
    """Fails at an update, as a power cord would."""

    def __init__(self, step):
        self.step = step

    def on_step(self, progress):
        if progress.counters.step >= self.step:
            raise ConnectionAbortedError


def weights(model):
    return {name: t.numpy().tobytes() for name, t in model.network_.state_dict().items()}


@functools.cache
def plain():
    return elman.TextGenerator(**SMALL).fit(TEXT[:800])


def cut_and_resumed(options, folder, monkeypatch):
    monkeypatch.setattr("elman.train.monitor.SHOW_EVERY", 0.0)
    files = RunFiles.within(folder)
    with pytest.raises(ConnectionAbortedError):
        elman.TextGenerator(**options).fit(TEXT[:800], files=files, callback=PullsThePlug(CUT), checkpoint_seconds=0)
    resumed = elman.TextGenerator(**options).fit(TEXT[:800], files=files, resume=True)
    assert CUT < resumed.progress_.step < 2 * CUT
    return resumed


@pytest.mark.parametrize(
    ("cell", "more"),
    [
        pytest.param("rnn", {"k2": 17}, marks=pytest.mark.study),
        pytest.param("gru", {}, marks=pytest.mark.study),
        ("gru", {"k2": 34, "separator": ";"}),
        pytest.param("lstm", {"k2": 17}, marks=pytest.mark.study),
        ("lstm", {"embedding_dim": None}),
    ],
)
def test_cut_off_and_resumed_it_ends_with_the_same_bits(cell, more, tmp_path, monkeypatch):
    options = SMALL | {"cell": cell} | more
    whole = elman.TextGenerator(**options).fit(TEXT[:800])
    assert weights(cut_and_resumed(options, tmp_path, monkeypatch)) == weights(whole)


@pytest.mark.parametrize("lost", ["state", "place"])
def test_a_resume_that_lost_what_was_carried_is_caught(lost, tmp_path, monkeypatch):
    whole = plain()
    real = next_symbol.NextSymbol.restore

    def restore(self, numbers, tensors):
        real(self, numbers, tensors)
        kept = self._position
        self._position = replace(kept, state=None) if lost == "state" else Position(state=kept.state)

    monkeypatch.setattr(next_symbol.NextSymbol, "restore", restore)
    assert weights(cut_and_resumed(SMALL, tmp_path, monkeypatch)) != weights(whole)


def test_a_held_out_loss_does_not_depend_on_how_many_streams_measure_it():
    model = elman.TextGenerator(**SMALL | {"epochs": 4, "learning_rate": 0.03}).fit(TEXT)
    text = model.alphabet_.encode(TEXT, "text")

    def measured(streams):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(next_symbol, "RUN_UP", 200)
            return next_symbol.target_nats(model.network_, Streams(text, streams)).mean(dtype=np.float64)

    cold = next_symbol.target_nats(model.network_, Streams(text, 6, np.array([1]))).mean(dtype=np.float64)
    assert measured(6) == pytest.approx(measured(1), rel=1e-4)
    assert cold != pytest.approx(measured(1), rel=1e-4)


def test_documents_change_what_is_learned():
    cut = elman.TextGenerator(**SMALL, separator=";").fit(TEXT[:800])
    assert weights(plain()) != weights(cut)
