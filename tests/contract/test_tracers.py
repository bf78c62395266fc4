"""Tracers, modes, transforms and subclasses, which watch torch's operations, see a layer; replayed, it is the layer."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.contract.registry import Cell
from tests.tolerance import assert_close
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import pack_padded_sequence
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import elman
from elman import kernels
from elman.errors import InputError
from elman.ops.dispatch import use_backend

I, H = 3, 4  # noqa: E741
OPTIONS: dict[str, Any] = {"num_layers": 2, "bidirectional": True}
pytestmark = [  # torch's own
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exporting a model to ONNX:UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
native = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())


class Wrap(nn.Module):
    """A user's model: the output of one recurrent module, doubled."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        y = self.module(x)
        return (y if isinstance(self.module, elman.RNNCell | elman.GRUCell) else y[0]) * 2


@pytest.fixture(params=["layer", "step"])
def model(request: pytest.FixtureRequest, cell: Cell) -> tuple[nn.Module, Callable[[int], Tensor]]:
    """A model around a stack of layers or around a cell, and its input for a batch of some size."""
    if request.param == "layer":
        return Wrap(cell.layer(I, H, **cell.options, **OPTIONS)), lambda batch: torch.randn(4, batch, I)
    return Wrap(cell.step(I, H, **cell.options)), lambda batch: torch.randn(batch, I)


Model = tuple[nn.Module, Callable[[int], Tensor]]


@pytest.mark.parametrize("pre_dispatch", [False, True])
def test_make_fx(model: Model, pre_dispatch: bool) -> None:
    module, draw = model
    graph = make_fx(module, pre_dispatch=pre_dispatch)(draw(2))
    x = draw(2)
    assert_close(graph(x), module(x), "y")


def test_make_fx_of_a_gradient(model: Model) -> None:
    module, draw = model

    def gradient(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(module(x).square().sum(), x)[0]

    graph = make_fx(gradient)(draw(2))
    x = draw(2)
    assert_close(graph(x), gradient(x), "grad x")


def test_make_fx_of_a_backward_pass_alone(model: Model) -> None:
    """The forward pass ran before anything watched."""
    module, draw = model
    x = draw(2).requires_grad_()
    y = module(x)

    def gradient(grad: Tensor) -> Tensor:
        return torch.autograd.grad(y, x, grad, retain_graph=True)[0]

    graph = make_fx(gradient)(torch.ones_like(y))
    grad = torch.randn_like(y)
    assert_close(graph(grad), gradient(grad), "grad x")


@pytest.mark.parametrize("grad", [False, True])
def test_jit_trace(model: Model, grad: bool) -> None:
    """Saved, loaded and replayed with another batch; with gradients, however it was traced."""
    module, draw = model
    with torch.set_grad_enabled(grad):
        traced = torch.jit.trace(module, draw(2))
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    loaded, x = torch.jit.load(file), draw(5).requires_grad_()
    assert_close(loaded(x), module(x), "y")
    got, want = (torch.autograd.grad(call(x).square().sum(), x)[0] for call in (loaded, module))
    assert_close(got, want, "grad x")


@native
def test_jit_trace_of_a_packed_batch(cell: Cell) -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = cell.layer(I, H, **cell.options)

        def forward(self, x: Tensor, lengths: Tensor) -> Any:
            return self.rnn(pack_padded_sequence(x, lengths, enforce_sorted=False))[1]

    model, example = Last(), (torch.randn(4, 2, I), torch.tensor([4, 2]))
    traced = torch.jit.trace(model, example)
    x, lengths = torch.randn(6, 3, I), torch.tensor([1, 6, 3])
    got, want = traced(x, lengths), model(x, lengths)
    pairs = zip(got, want, strict=True) if cell.name == "lstm" else [(got, want)]
    for part, expected in pairs:
        assert_close(part, expected, "final state")
    with use_backend("reference"), pytest.raises(InputError, match="for this number of steps alone"):
        torch.jit.trace(model, example)


def test_a_trace_for_onnx_has_torchs_operations(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.onnx.export traces first; it knows torch's recurrent operations, and no others."""
    monkeypatch.setattr("torch.onnx.is_in_onnx_export", lambda: True)
    layer, x = cell.layer(I, H, **cell.options), torch.randn(4, 2, I)
    if cell.in_torch:
        graph = str(torch.jit.trace(layer, x).inlined_graph)
        assert f"aten::{layer.mode.lower()}(" in graph
        assert "elman::" not in graph
    else:
        with pytest.raises(InputError, match="torch has no GRU that resets before the product"):
            torch.jit.trace(layer, x)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.study)])
def test_exported_to_onnx(cell: Cell, dynamo: bool) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    import onnxruntime

    layer, file, x = cell.layer(I, H, **cell.options), io.BytesIO(), torch.randn(4, 2, I)
    if not dynamo and not cell.in_torch:
        with pytest.raises(InputError, match="torch has no GRU that resets before the product"):
            torch.onnx.export(layer, (x,), file, dynamo=False)
        return
    if dynamo:
        model = torch.onnx.export(layer, (x,), dynamo=True, verbose=False).model_proto.SerializeToString()
    else:
        torch.onnx.export(layer, (x,), file, dynamo=False, input_names=["input"], dynamic_axes={"input": {0: "T"}})
        model, x = file.getvalue(), torch.randn(9, 2, I)
    session = onnxruntime.InferenceSession(model)
    y = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    assert_close(torch.from_numpy(y), layer(x)[0], "y")


def test_symbolic_trace(model: Model) -> None:
    module, draw = model
    graph = torch.fx.symbolic_trace(module)
    x = draw(3)
    assert_close(graph(x), module(x), "y")
    assert [node.target for node in graph.graph.nodes if node.op == "call_module"] == ["module"]


def test_symbolic_trace_with_a_state_and_options(cell: Cell) -> None:
    class Carried(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = cell.layer(I, H, **cell.options)

        def forward(self, x: Tensor) -> Any:
            return self.rnn(x, self.rnn(x)[1], checkpoint_every=2)[0]

    model, x = Carried(), torch.randn(4, 2, I)
    assert_close(torch.fx.symbolic_trace(model)(x), model(x), "y")


def test_symbolic_trace_of_a_layer_itself_is_refused_as_torchs(cell: Cell) -> None:
    for layer in (cell.layer(I, H, **cell.options), cell.truth(I, H, **cell.truth_options)):
        with pytest.raises(torch.fx.proxy.TraceError, match="cannot be used as inputs to control flow"):
            torch.fx.symbolic_trace(layer)


def test_jit_script_is_refused_in_one_line(model: Model) -> None:
    module, _ = model
    with pytest.raises(InputError, match=r"^\w+: expected a layer of torch.nn's.*elman.release") as caught:
        torch.jit.script(module)
    assert "\n" not in str(caught.value)


class Watching:
    """Half of a mode that lists what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def see(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(str(function))
        return function(*args, **(kwargs or {}))


class Dispatched(Watching, TorchDispatchMode):
    __torch_dispatch__ = Watching.see


class Called(Watching, TorchFunctionMode):
    __torch_function__ = Watching.see


@native
@pytest.mark.parametrize("mode", [Dispatched, Called])
def test_modes_see_the_operation(model: Model, mode: type[Any]) -> None:
    module, draw = model
    x = draw(2)
    want = module(x)
    with mode() as watching:
        got = module(x)
        got.sum().backward()
    assert torch.equal(got, want)
    assert any("recurrence" in name for name in watching.seen)
    if mode is Dispatched:
        assert any("recurrence_backward" in name for name in watching.seen)


@native
def test_a_default_device_changes_nothing(cell: Cell) -> None:
    """It is a function mode too, but one that looks only at where tensors are made."""
    layer = cell.layer(I, H, **cell.options)
    with torch.device("cpu"), elman.record(layer):
        assert layer.backend == "native"


def test_fake_tensors(model: Model) -> None:
    module, draw = model
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        y = module(mode.from_tensor(draw(2)))
        y.sum().backward()
    assert y.shape == module(draw(2)).shape


class Subclass(Tensor):
    pass


def test_a_subclass_stays_one(model: Model) -> None:
    module, draw = model
    x = draw(2)
    y = module(x.as_subclass(Subclass))
    assert type(y) is Subclass
    assert_close(y.as_subclass(Tensor), module(x), "y")


def test_vmap_and_forward_mode(model: Model) -> None:
    module, draw = model
    x, direction = draw(2), draw(2)
    batched = torch.vmap(module)(torch.stack([x, direction]))
    assert_close(batched[1], module(direction), "y")
    _, by_jvp = torch.func.jvp(module, (x,), (direction,))
    (z,) = [x.clone().requires_grad_()]
    y = module(z)
    weight = torch.randn_like(y)
    (gradient,) = torch.autograd.grad(y, z, weight)
    assert_close((by_jvp * weight).sum(), (gradient * direction).sum(), "directional derivative")
    for parameter in module.parameters():
        parameter.requires_grad_(False)  # what needs no gradient must not lose its tangent
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(module(forward_ad.make_dual(x, direction))).tangent
    assert_close(tangent, by_jvp, "tangent")


def test_functionalized(model: Model) -> None:
    module, draw = model
    x = draw(2)
    assert_close(torch.func.functionalize(module)(x), module(x), "y")


@native
def test_tensors_without_memory_or_with_a_pending_sign(cell: Cell) -> None:
    """The kernels read memory: zeros that torch never made, a sign that torch takes at the next operation."""
    layer = cell.layer(1, H, **cell.options)
    negative = torch.complex(torch.randn(4, 2, 1), torch.randn(4, 2, 1)).conj().imag
    assert negative.is_neg()
    assert_close(layer(negative)[0], layer(negative.clone())[0], "y")
    zeros = torch._efficientzerotensor(4, 2, 1)
    assert_close(layer(zeros)[0], layer(torch.zeros(4, 2, 1))[0], "y")
    wrapped = torch._to_functional_tensor(torch.ones(4, 2, 1))
    torch._enable_functionalization(reapply_views=True)
    try:
        y = layer(wrapped)[0]
    finally:
        torch._disable_functionalization()
    assert_close(torch._from_functional_tensor(y), layer(torch.ones(4, 2, 1))[0], "y")


def flops(run: Callable[[], Any]) -> int:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


@native
@pytest.mark.parametrize("leaf", [False, True], ids=["x", "x with gradients"])
def test_flops_are_counted(cell: Cell, leaf: bool) -> None:
    """As torch counts its own products; its LSTM's are hidden in oneDNN, so that two rows of the same sizes count."""
    layer = cell.layer(I, H, **cell.options, **OPTIONS)
    T, B, G = 5, 2, len(cell.gates)
    x = torch.randn(T, B, I, requires_grad=leaf)
    forward = 2 * (2 * T * B * G * H * (I + H) + 2 * T * B * G * H * (2 * H + H))
    assert flops(lambda: layer(x)) == forward
    if cell.truth in (nn.RNN, nn.GRU):
        truth = cell.truth(I, H, **cell.truth_options, **OPTIONS)
        theirs = flops(lambda: truth(x)[0].sum().backward())
        assert flops(lambda: layer(x)[0].sum().backward()) == theirs
    y = layer(x)[0]
    by_input = (1 + leaf) * I + 2 * 2 * H
    by_state = 2 * 2 * H
    first_step = 4 * 2 * B * G * H * H  # the zero states of four passes need no gradient
    assert flops(lambda: y.sum().backward()) == 2 * 2 * T * B * G * H * (by_input + by_state) - first_step


@native
def test_flops_of_segments_count_the_second_forward_pass(cell: Cell) -> None:
    layer, x = cell.layer(I, H, **cell.options), torch.randn(6, 2, I)
    plain = flops(lambda: layer(x)[0].sum().backward())
    again = flops(lambda: layer(x, checkpoint_every=2)[0].sum().backward())
    assert again - plain == (0 if cell.layer is elman.RNN else flops(lambda: layer(x)))


def test_a_record_under_a_mode(cell: Cell) -> None:
    """The reference runs, which every mode sees; a backward pass alone under one is refused."""
    layer, x = cell.layer(I, H, **cell.options), torch.randn(4, 2, I)
    with elman.record(layer) as record, Dispatched():
        assert layer.backend == "reference"
        assert "dispatch mode or tracer" in layer.backend.reason or not kernels.available()
        layer(x)[0].sum().backward()
    assert_close(record.h, layer(x)[0], "h")
    assert record.dh.shape == (4, 2, H)
    if kernels.available():
        with elman.record(layer):
            y = layer(x)[0]
        with Dispatched(), pytest.raises(InputError, match="backward pass that no dispatch mode"):
            y.sum().backward()
