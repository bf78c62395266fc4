"""A record in use: around models and training loops, within its bounds, and plainly refused where it cannot be."""

import copy
import io
from typing import Any

import pytest
import torch
from tests.contract.registry import CELLS, Cell
from tests.tolerance import assert_close
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import elman
from elman import kernels
from elman.errors import InputError
from elman.ops.dispatch import use_backend

X = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(3))
ONES = torch.ones(1, 2, 4)
STATES = {"lstm": (ONES, 2 * ONES)}
cells = pytest.mark.parametrize("cell", CELLS, ids=str)
backends = pytest.mark.parametrize("backend", ["native"] * kernels.available() + ["reference"])


class Model(nn.Module):
    """Two recurrent modules, the second one called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(5, 2)
        self.top = elman.LSTM(8, 5)
        self.encoder = elman.GRU(3, 4, num_layers=2, bidirectional=True, dropout=0.5)

    def forward(self, x: Tensor) -> Tensor:
        encoded, _ = self.encoder(x)
        first, state = self.top(encoded[:3])
        second, _ = self.top(encoded[3:], state)
        return self.head(torch.cat((first, second)))


@cells
@backends
def test_a_record_changes_no_bit(cell: Cell, backend: str) -> None:
    layer = cell.layer(3, 7, num_layers=2, bidirectional=True, dropout=0.3, **cell.options)

    def run() -> list[Tensor]:
        torch.manual_seed(5)
        x = X.clone().requires_grad_()
        y, _ = layer(x)
        return [y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])]

    with use_backend(backend):
        want = run()
        with elman.record(layer):
            got = run()
    assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))
    assert layer.recorder is None


def test_modules_are_reached_by_name_and_by_number() -> None:
    model = Model()
    with elman.record(model) as rec:
        model(X).sum().backward()
    directions = ("forward", "reverse")
    assert rec.names == [*(("encoder", k, d) for k in (0, 1) for d in directions), ("top", 0, "forward")]
    assert [call.name for call in rec.calls] == ["encoder", "top", "top"]
    assert rec[0] is rec["encoder", 0] is rec.calls[0][0]
    assert rec[1, "reverse"] is rec["encoder", 1, "reverse"] is rec.calls[0][-1, "reverse"]
    assert rec[-1] is rec[2] is rec["top"] is rec.calls[2][0]
    assert torch.equal(rec.h, rec.calls[-1].h)
    assert list(rec) == [rec[0], rec[0, "reverse"], rec[1], rec[1, "reverse"], rec[2]]
    assert [call.h.shape[0] for call in rec.calls] == [6, 3, 3]
    for name, parameter in model.encoder.named_parameters():
        shares = torch.stack([rec.share(f"encoder.{name}", t) for t in range(6)])
        assert_close(shares.sum(0), parameter.grad, name)
    for name, parameter in model.top.named_parameters():
        shares = torch.stack([call.share(name, t) for call in rec.calls[1:] for t in range(3)])
        assert_close(shares.sum(0), parameter.grad, name)


def test_batches_without_order() -> None:
    """`batch_first` and no batch at all: a record is time-major whatever the layer is given."""
    layer = elman.GRU(3, 4, batch_first=True)
    with elman.record(layer) as rec:
        y, _ = layer(X.transpose(0, 1))
        alone, _ = layer(X[:, 0])
    assert torch.equal(rec.calls[0].h, y.transpose(0, 1))
    assert torch.equal(rec.calls[1].h, alone[:, None])
    assert rec.mask.shape == (6, 1)


@backends
def test_windows_are_calls(backend: str) -> None:
    """A training loop over windows with carried state, gradients accumulated: each window has its own call."""
    layer = elman.LSTM(3, 4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with use_backend(backend), elman.record(layer) as rec:
        state = None
        for window in X.split(2):
            y, state = layer(window, state)
            state = tuple(s.detach() for s in state)
            y.square().sum().backward()
    assert len(rec.calls) == 3
    assert torch.equal(rec.calls[1].h_0, rec.calls[0].h[-1])
    assert torch.equal(rec.calls[2].c_0, rec.calls[1].c[-1])
    shares = torch.stack([call.share("weight_hh_l0", t) for call in rec.calls for t in (0, 1)])
    assert_close(shares.sum(0), layer.weight_hh_l0.grad, "weight_hh_l0")
    before = rec.calls[0].share("weight_hh_l0", 1)
    optimizer.step()
    assert torch.equal(rec.calls[0].share("weight_hh_l0", 1), before)


@cells
@backends
def test_backward_passes_add_up(cell: Cell, backend: str) -> None:
    """As `.grad` does; a step that no loss reaches has a gradient of 0."""
    layer = cell.layer(3, 4, **cell.options)
    with use_backend(backend), elman.record(layer) as rec:
        y, _ = layer(X)
    y[2].sum().backward(retain_graph=True)
    assert not rec.dh[3:].any()
    assert rec.dh[2].any()
    first = {name: value.clone() for name, value in rec.dgates.items()} | {"dh": rec.dh.clone()}
    y[2].sum().backward()
    for name, value in (rec.dgates | {"dh": rec.dh}).items():
        assert_close(value, 2 * first[name], name)


def test_the_record_outlives_its_block_and_an_exception() -> None:
    layer = elman.LSTM(3, 4)
    rec = elman.record(layer)

    def fail() -> None:
        with rec:
            outputs.append(layer(X)[0])
            raise KeyError

    outputs: list[Tensor] = []
    with pytest.raises(KeyError):
        fail()
    assert layer.recorder is None
    layer(X)
    assert len(rec.calls) == 1
    outputs[0].sum().backward()
    assert rec.dh.shape == (6, 2, 4)
    with rec:
        layer(X[:1])
    assert [call.h.shape[0] for call in rec.calls] == [6, 1]


def test_without_gradients() -> None:
    layer = elman.LSTM(3, 4)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode(), elman.record(layer) as rec:
            layer(X, STATES["lstm"])
        assert rec.gates["f"].shape == (6, 2, 4)
        with pytest.raises(InputError, match="no dh yet, because no gradient has reached"):
            _ = rec.dh
        assert rec.nbytes == 4 * (6 * 2 * 4 * 6 + 2 * 2 * 4)


def test_double_precision_runs_on_the_reference_and_says_so() -> None:
    layer = elman.LSTM(3, 4).double()
    with elman.record(layer) as rec:
        assert layer.backend == "reference"
        assert "torch's kernels show no step to a record" in layer.backend.reason
        got = layer(X.double())[0]
    assert layer.backend == "torch"
    assert_close(got, layer(X.double())[0], "y")
    assert rec.h.dtype == torch.float64


# Bounds.


@cells
def test_bytes_are_those_that_were_planned(cell: Cell) -> None:
    layer = cell.layer(3, 4, **cell.options)
    for only in (["h"], ["dh", "gates"], ["h", "c", "gates", "dh", "dc", "dgates"]):
        with elman.record(layer, only=only) as rec:
            layer(X, STATES.get(cell.name, ONES))[0].sum().backward()
        assert "dgates" not in only or rec.dgates  # the RNN's are made when somebody reads them
        assert rec.nbytes == sum(rec._planned)


def test_the_limit_is_kept() -> None:
    layer = elman.LSTM(3, 4)
    one = 4 * (12 * (12 * 4 + 3) + 2 * 2 * 4)
    with elman.record(layer, limit=2 * one) as rec:
        layer(X)
        layer(X)
        with pytest.raises(InputError, match=rf"takes {one:,} bytes, .* {3 * one:,}, and limit is {2 * one:,}\. Raise"):
            layer(X)
    assert len(rec.calls) == 2
    with elman.record(layer, limit=2 * one, calls=2) as rec:
        for _ in range(5):
            y, _ = layer(X)
    assert len(rec.calls) == 2
    y.sum().backward()
    assert rec.dh.any()


def test_only_what_is_asked_for_is_kept() -> None:
    layer = elman.GRU(3, 4)
    with elman.record(layer, only=["dh"]) as rec:
        layer(X)[0].sum().backward()
    assert rec.dh.shape == (*rec.mask.shape, 4)
    assert rec.nbytes == 4 * 12 * 4
    for name in ("h", "gates", "dgates"):
        with pytest.raises(InputError, match=f"{name} was not kept; name it in only="):
            getattr(rec, name)
    with pytest.raises(InputError, match="dgates was not kept"):
        rec.share("weight_hh_l0", 1)


# Programs.


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch's, at a graph break
def test_a_compiled_layer_breaks_its_graph_to_be_recorded() -> None:
    layer = elman.LSTM(3, 4)
    compiled = torch.compile(layer, backend="eager")
    want, _ = compiled(X)
    with elman.record(layer) as rec:
        got, _ = compiled(X)
    assert torch.equal(got, want)
    got.sum().backward()
    assert rec.dh.shape == (6, 2, 4)
    compiled(X)
    assert len(rec.calls) == 1


@pytest.mark.usefixtures("fresh_compiler")
def test_a_whole_graph_says_that_it_cannot_be_recorded() -> None:
    layer = elman.LSTM(3, 4)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    with elman.record(layer), pytest.raises(torch._dynamo.exc.Unsupported, match="a record is filled in by plain Py"):
        compiled(X)


@pytest.mark.usefixtures("process_group")
def test_distributed_data_parallel() -> None:
    layer = elman.LSTM(3, 4)
    wrapped = nn.parallel.DistributedDataParallel(layer)
    with elman.record(wrapped) as rec:
        wrapped(X)[0].square().sum().backward()
    shares = torch.stack([rec.share("module.weight_hh_l0", t) for t in range(6)])
    assert_close(shares.sum(0), layer.weight_hh_l0.grad, "weight_hh_l0")


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpointed_layer_is_recorded_twice(use_reentrant: bool) -> None:
    """Once for the recomputation; one of the two calls has the gradients."""
    layer = elman.LSTM(3, 4)
    with elman.record(layer) as rec:
        y = checkpoint(lambda x: layer(x)[0], X.clone().requires_grad_(), use_reentrant=use_reentrant)
        y.square().sum().backward()
    with_gradients = rec.calls[1 if use_reentrant else 0]
    shares = torch.stack([with_gradients.share("weight_hh_l0", t) for t in range(6)])
    assert_close(shares.sum(0), layer.weight_hh_l0.grad, "weight_hh_l0")


def test_copies_leave_the_record_behind() -> None:
    layer = elman.LSTM(3, 4)
    with elman.record(layer) as rec:
        copied = copy.deepcopy(layer)
        torch.save(layer, io.BytesIO())
        copied(X)
        assert rec.calls == []
    assert copied.recorder is None


# What is refused.


@backends
def test_second_derivatives_are_refused(backend: str) -> None:
    layer = elman.LSTM(3, 4)
    with use_backend(backend), elman.record(layer):
        y, _ = layer(X)
    with pytest.raises(InputError, match="without create_graph=True"):
        torch.autograd.grad(y.sum(), layer.weight_hh_l0, create_graph=True)


def refused(act: Any, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        act()
    assert "\n" not in str(caught.value)


def test_what_cannot_be_recorded_says_why() -> None:
    layer = elman.LSTM(3, 4)
    refused(lambda: elman.record(nn.Linear(2, 2)), "expected a model with an elman.RNN, GRU or LSTM; Linear has none")
    refused(lambda: elman.record(nn.LSTM(2, 2)), r"one of torch.nn's itself; call elman.adopt\(model\) first")
    refused(lambda: elman.record(nn.Sequential(nn.GRU(2, 2))), "one of torch.nn's at '0'")
    for only in ([], ["H"], "h"):
        refused(lambda only=only: elman.record(layer, only=only), "expected only= to name some of h, c, gates")
    refused(lambda: elman.record(layer, calls=0), "expected calls= to be at least 1")
    with elman.record(layer) as rec:
        refused(elman.record(layer).__enter__, "the layer is being recorded already")
        refused(lambda: rec.h, "nothing was recorded")
        parameters = dict(layer.named_parameters())
        function = torch.func.grad(lambda p: torch.func.functional_call(layer, p, (X,))[0].sum())
        refused(lambda: function(parameters), "neither a torch.func transform nor autocast")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            refused(lambda: layer(X), "neither a torch.func transform nor autocast")
        with use_backend("torch"):
            refused(lambda: layer(X), r"use_backend\('torch'\) asks for the torch backend, whose kernels show no step")
        assert rec.calls == []


def test_what_is_not_there_says_what_is() -> None:
    layer = elman.RNN(3, 4)
    with elman.record(layer) as rec:
        y, _ = layer(X)
    refused(lambda: rec.dh, "no gradient has reached")
    y.sum().backward()
    assert rec.gates == {}
    assert list(rec.dgates) == ["a"]
    for key in (1, -2, 0.5, ()):
        refused(lambda key=key: rec[key], "expected a layer from -1 to 0")
    refused(lambda: rec[0, "reverse"], "the module has layer 0 forward")
    refused(lambda: rec["", "reverse"], "the module has layer 0 forward")
    refused(lambda: rec["", 0, "reverse", 1], "the module has layer 0 forward")
    refused(lambda: rec["encoder"], "'encoder' was not called in the block; '' was")
    refused(lambda: rec.c, "c is an LSTM's, and this layer has the gates")
    refused(lambda: rec.share("weight_hh_l0", 6), "expected a step from 0 to 5, got 6")
    for name in ("weight_hr_l0", "weight_xx_l0"):
        refused(lambda name=name: rec.share(name, 0), "has the parameters weight_ih, weight_hh, bias_ih, bias_hh; got")
    refused(lambda: rec.share("weight", 0), "expected a parameter's name such as weight_hh_l0")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rec.nothing


def test_a_state_that_was_written_to_is_not_shown() -> None:
    layer = elman.LSTM(3, 4)
    with torch.no_grad(), elman.record(layer) as rec:
        y, _ = layer(X)
        y.mul_(2)
    refused(lambda: rec.h, "expected h as the layer left it, but it was changed in place")
    assert rec.c.shape == (6, 2, 4)


def test_a_loop_of_single_steps_reads_as_one_sequence() -> None:
    """Joined calls are, number for number, the one call over the whole sequence."""
    layer = elman.LSTM(3, 4, num_layers=2)
    with elman.record(layer) as whole:
        y, _ = layer(X)
    y[:4].square().sum().backward()
    with elman.record(layer) as rec:
        state, outputs = None, []
        for x in X:
            y, state = layer(x[None], state)
            outputs.append(y)
    with pytest.raises(InputError, match="no dh yet"):
        rec.joined().dh  # noqa: B018
    torch.cat(outputs[:4]).square().sum().backward()
    for k in (0, 1):
        joined, wanted = rec.joined("")[k], whole[k]
        for name in ("h", "c", "h_0", "c_0", "x", "dh", "dc"):
            assert_close(getattr(joined, name), getattr(wanted, name), name)
        assert torch.equal(joined.mask, wanted.mask)
        for part in ("gates", "dgates"):
            for gate, value in getattr(wanted, part).items():
                assert_close(getattr(joined, part)[gate], value, gate)


def test_what_cannot_be_joined() -> None:
    model = Model()
    with elman.record(model) as rec:
        model(X)
        model(X)
    with pytest.raises(InputError, match=r"one of \['encoder', 'top'\]"):
        rec.joined()
    assert rec.joined("top").h.shape == (12, 2, 5)
    with pytest.raises(InputError, match="calls in one direction"):
        rec.joined("encoder")
    layer = elman.GRU(3, 4)
    with elman.record(layer) as rec:
        layer(X)
        layer(X[:, :1])
    with pytest.raises(InputError, match=r"one batch size to join, got \[1, 2\]"):
        rec.joined()


def test_an_estimator_is_recorded_by_its_network() -> None:
    text = "to be, or not to be\n" * 20
    generator = elman.TextGenerator(hidden_size=6, num_layers=1, batch_size=4, k1=8, epochs=1, answer="network")
    with pytest.raises(InputError, match=r"^record: this TextGenerator is not fitted, and has no network yet"):
        elman.record(generator)
    generator.fit(text)
    with elman.record(generator) as rec:
        written = generator.generate("to be", length=7).texts()[0]
        with pytest.raises(InputError, match=r"^precision: expected float32 in a block of elman.record, got int8"):
            generator.generate("to be", precision="int8")
    assert len(written) == 7
    gates = rec.joined("recurrent").gates
    assert gates["f"].shape == (5 + 7, 1, 6)
    numbers = torch.as_tensor(generator.alphabet_.encode("to be" + written, "text").astype("int64"))
    with elman.record(generator) as once, torch.no_grad():
        generator.network_(numbers[:, None])
    for name, value in once.gates.items():
        assert_close(gates[name], value, name)
    with pytest.raises(InputError, match="expected a torch module or a fitted model of Elman's; got int"):
        elman.record(3)
