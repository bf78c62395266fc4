"""A loop that calls a layer or cell once a step is one sequence, with the numbers of one call over it."""

import copy

import numpy as np
import pytest
import torch
from tests.doctor.models import diagnose, faults
from torch import nn

import elman

STEPS, ROWS, H = 25, 3, 8
THEIRS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


class Once(nn.Module):
    """One call over the sequence: the truth."""

    def __init__(self, kind, layers=1):
        super().__init__()
        self.rnn = THEIRS[kind](5, H, layers)
        self.head = nn.Linear(H, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class Loop(Once):
    """The same layer, called once a step, or once for several."""

    def __init__(self, once, hand_on=lambda state, y: state, window=1):
        nn.Module.__init__(self)
        self.rnn, self.head = once.rnn, once.head
        self.hand_on, self.window = hand_on, window

    def forward(self, x):
        state, outputs = None, []
        for window in x.split(self.window):
            y, after = self.rnn(window, state)
            outputs.append(self.head(y))
            state = self.hand_on(after, y)
        return torch.cat(outputs)


class CellLoop(nn.Module):
    """The same weights in a cell."""

    def __init__(self, once, home):
        super().__init__()
        kind = type(once.rnn).__name__
        self.cell = getattr(home, f"{kind}Cell")(5, H)
        self.cell.load_state_dict({n.removesuffix("_l0"): p for n, p in once.rnn.state_dict().items()})
        self.head = once.head

    def forward(self, x):
        state, outputs = None, []
        for step in x:
            state = self.cell(step, state)
            outputs.append(self.head(state[0] if isinstance(state, tuple) else state))
        return torch.stack(outputs)


def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(STEPS, ROWS, 5, generator=generator), torch.randn(STEPS, ROWS, 2, generator=generator)


def same(one, other):
    assert one.findings.loss == pytest.approx(other.findings.loss, rel=1e-5)
    assert one.findings.gradient_norm == pytest.approx(other.findings.gradient_norm, rel=1e-4)
    assert (one.findings.steps, one.findings.batch) == (other.findings.steps, other.findings.batch)
    assert one.findings.loss_steps == other.findings.loss_steps
    for mine, wanted in zip(one.layers, other.layers, strict=True):
        np.testing.assert_allclose(mine.by_lag, wanted.by_lag, rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(mine.by_step, wanted.by_step, rtol=1e-3)
        np.testing.assert_allclose(mine.gains.gain, wanted.gains.gain, rtol=1e-3, atol=1e-12)
        np.testing.assert_allclose(mine.map, wanted.map, rtol=1e-3, atol=1e-6)
        assert mine.read_after == wanted.read_after
        assert mine.units.gates.keys() == wanted.units.gates.keys()
        for gate, found in mine.units.gates.items():
            assert found.mean == pytest.approx(wanted.units.gates[gate].mean, rel=1e-4, abs=1e-6)


def once(kind, layers=1):
    torch.manual_seed(0)
    return Once(kind, layers)


@pytest.mark.parametrize("window", [1, 4, 25])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", THEIRS)
def test_a_loop_over_a_layer_is_one_call(kind, layers, window):
    truth = once(kind, layers)
    report = diagnose(Loop(truth, window=window), data())
    assert report.findings.unfollowed == {}
    same(report, diagnose(truth, data()))


@pytest.mark.parametrize("home", [nn, elman], ids=["torch", "elman"])
@pytest.mark.parametrize("kind", THEIRS)
def test_a_loop_over_a_cell_is_one_call(kind, home):
    truth = once(kind)
    net = CellLoop(truth, home)
    before = copy.deepcopy(net.state_dict())
    report = diagnose(net, data())
    assert report.findings.unfollowed == {}
    assert [layer.name for layer in report.layers] == ["cell"]
    same(report, diagnose(truth, data()))
    assert type(net.cell) is getattr(home, f"{kind}Cell")
    assert "forward" not in vars(net.cell)
    assert not list(net.cell.children())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_loop_without_a_batch_and_batch_first():
    truth = once("GRU")
    x, targets = data()
    net = Loop(truth)
    wanted = diagnose(truth, (x[:, :1], targets[:, :1]))
    same(diagnose(net, (x[:, 0], targets[:, 0])), wanted)
    truth.rnn.batch_first = True
    net.forward = lambda x: Loop.forward(net, x.transpose(0, 1))

    class First(Loop):
        def forward(self, x):
            state, outputs = None, []
            for step in x:
                y, state = self.rnn(step[:, None], state)
                outputs.append(self.head(y[:, 0]))
            return torch.stack(outputs)

    same(diagnose(First(truth), (x[:, :1], targets[:, :1])), wanted)


VIEWS = {
    "output": lambda state, y: y,
    "last output": lambda state, y: y[-1:].clone(),
    "squeezed": lambda state, y: state.squeeze(0).unsqueeze(0).contiguous(),
    "stacked": lambda state, y: torch.stack([part for part in state]),  # noqa: C416
    "in parts": lambda state, y: torch.cat(state.chunk(2, -1), -1),
    "turned twice": lambda state, y: state.transpose(0, 1).reshape(1, -1, H),
}
OTHERS = {
    "detached": lambda state, y: state.detach(),
    "forgotten": lambda state, y: None,
    "zeros": lambda state, y: torch.zeros_like(state),
    "computed with": lambda state, y: torch.tanh(state),
    "scaled by one": lambda state, y: state * 1.0,
    "reordered": lambda state, y: state.flip(1),
    "shuffled by views": lambda state, y: torch.cat(state.chunk(2, -1)[::-1], -1),
    "halved": lambda state, y: torch.cat((state[..., :4], torch.zeros_like(state[..., 4:])), -1),
}


@pytest.mark.parametrize("how", VIEWS)
def test_a_state_seen_through_views_is_the_state(how):
    truth = once("GRU")
    same(diagnose(Loop(truth, VIEWS[how]), data()), diagnose(truth, data()))


@pytest.mark.parametrize("how", OTHERS)
def test_another_state_is_not_joined_and_said_in_the_headline(how):
    report = diagnose(Loop(once("GRU"), OTHERS[how]), data())
    assert report.headline.startswith("Nothing was followed through time: rnn (25 calls of one step, none given")
    assert not report.healthy
    assert not faults(report)


def test_a_state_that_the_loop_cuts_halfway():
    """Detached after each ten steps: the longest of three sequences is examined, and the rest is said."""
    truth = once("LSTM")

    class Windows(Loop):
        def forward(self, x):
            state, outputs = None, []
            for t, step in enumerate(x):
                if t % 10 == 0 and state is not None:
                    state = tuple(part.detach() for part in state)
                y, state = self.rnn(step[None], state)
                outputs.append(self.head(y))
            return torch.cat(outputs)

    report = diagnose(Windows(truth), data())
    assert report.findings.steps == 10
    assert report.headline.endswith("Not followed through time: rnn (15 of 25 calls, which belong to other sequences).")


class Interleaved(nn.Module):
    """Two cells step by step, the second fed by the first, and one of them with two sequences of its own."""

    def __init__(self):
        super().__init__()
        self.low, self.high, self.head = nn.GRUCell(5, H), nn.LSTMCell(H, H), nn.Linear(H, 2)

    def forward(self, x):
        state, other, above, outputs = None, None, None, []
        for step in x:
            state, other = self.low(step, state), self.low(-step, other)
            above = self.high(state - other, above)
            outputs.append(self.head(above[0]))
        return torch.stack(outputs)


def test_interleaved_loops():
    torch.manual_seed(0)
    report = diagnose(Interleaved(), data())
    assert [(layer.name, len(layer.by_lag)) for layer in report.layers] == [("low", STEPS), ("high", STEPS)]
    assert report.findings.unfollowed == {"low": "25 of 50 calls, which belong to other sequences"}
    assert report.findings.loss_steps == 1


class Translator(nn.Module):
    """An encoder in one call, a decoder step by step that begins with its state, and feeds on what it writes."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder, self.head = nn.GRU(5, H), nn.GRUCell(5, H), nn.Linear(H, 5)

    def forward(self, x):
        state, outputs = self.encoder(x)[1][0], []
        step = x[0]
        for _ in range(12):
            state = self.decoder(step, state)
            step = self.head(state)
            outputs.append(step)
        return torch.stack(outputs)


def test_an_encoder_and_a_decoder_that_feeds_on_itself():
    torch.manual_seed(0)
    net = Translator()
    report = diagnose(net, (data()[0], torch.randn(12, ROWS, 5)))
    assert [(layer.name, len(layer.by_lag)) for layer in report.layers] == [("encoder", STEPS), ("decoder", 12)]
    assert report.findings.unfollowed == {}


def test_a_loop_read_at_its_end_alone_is_followed_from_there():
    truth = once("GRU")
    x, targets = data()

    class Last(Loop):
        def forward(self, x):
            return super().forward(x)[-1]

    report = diagnose(Last(truth), (x, targets[-1]))
    assert report.layers[0].read_after == STEPS
    assert report.findings.loss_steps == pytest.approx(1 / STEPS)


@pytest.mark.parametrize("cell", ["GRUCell", "LSTMCell"])
def test_a_loop_over_a_cell_that_takes_its_state_at_the_end_alone(cell):
    torch.manual_seed(0)
    net = getattr(nn, cell)(5, H)
    x, _ = data()

    def loss():
        state = None
        for step in x:
            state = net(step, state)
        return (state[0] if cell == "LSTMCell" else state).square().sum()

    report = elman.diagnose(net, loss)
    assert report.layers[0].read_after == STEPS
    assert report.findings.loss_steps == pytest.approx(1 / STEPS)


def test_an_exploding_loop_is_exploding():
    torch.manual_seed(0)
    net = nn.RNNCell(5, H, nonlinearity="relu")
    with torch.no_grad():
        net.weight_hh.copy_(1.3 * torch.eye(H))
        net.weight_ih.abs_()
        net.bias_ih.fill_(0.1)
    x, _ = data()

    def loss():
        state = torch.zeros(ROWS, H)
        for step in x.abs():
            state = net(step, state)
        return state.mean()

    report = elman.diagnose(net, loss)
    assert faults(report) == {"exploding"}
    assert report.layers[0].factor == pytest.approx(1.3, rel=1e-3)


class Own(nn.GRUCell):
    """A cell with a step of its own."""

    def forward(self, x, h):
        return super().forward(x, h).tanh()


def test_a_cell_with_a_step_of_its_own_is_named():
    net = nn.ModuleDict({"own": Own(5, H), "rnn": nn.GRU(H, 2)})
    x, targets = data()

    def loss():
        state, states = torch.zeros(ROWS, H), []
        for step in x:
            state = net["own"](step, state)
            states.append(state)
        return nn.functional.mse_loss(net["rnn"](torch.stack(states))[0], targets)

    report = elman.diagnose(net, loss)
    assert [layer.name for layer in report.layers] == ["rnn"]
    assert "Not followed through time: own (Own extends GRUCell" in report.headline
