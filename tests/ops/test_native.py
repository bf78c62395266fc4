"""The native operation as torch sees it: registered, compiled, differentiated twice, and hard to misuse."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw, run, truth
from tests.tolerance import assert_all_close, assert_close
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

import elman
from elman import kernels
from elman.ops import native
from elman.ops.reference import CELLS as RECORDS

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
cells = pytest.mark.parametrize("cell", CELLS)


def spread(*cases: tuple[Any, ...]) -> list[Any]:
    """Return each case with the LSTM, which has a second state, and with one other cell in turn; the rest are studies.

    What torch is told of the operation differs between the cells in the number of states and of saved gates alone.
    """
    others = [cell for cell in reversed(CELLS) if cell != "lstm"]
    chosen = [("lstm", others[place % len(others)]) for place in range(len(cases))]
    return [
        pytest.param(cell, *case, marks=[] if cell in few else [pytest.mark.study])
        for case, few in zip(cases, chosen, strict=True)
        for cell in CELLS
    ]


LENGTHS = (4, 2, 1)
WHOLE = {True: LENGTHS, False: ()}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch._dynamo.reset()


def arguments(
    cell: str, *, bias: bool = True, packed: bool = False, grad: bool = False, reverse: bool = False, segment: int = 0
) -> list[Any]:
    """Return the arguments of `torch.ops.elman.recurrence` without the last one, `keep`."""
    problem = Problem(cell, 4, 3, 5, 6, bias=bias, lengths=WHOLE[packed])
    x, *rest = (t.float().requires_grad_(grad) for t in draw(problem))
    states, weights = rest[: CELLS[cell].states], rest[CELLS[cell].states :]
    states = states if cell == "lstm" else [*states, None]
    weights = weights if bias else [*weights, None, None]
    return [x, *states, *weights, problem.batch_sizes, cell, reverse, segment]


def recurrence(x: Tensor, h_0: Tensor, c_0: Tensor | None, *rest: Any) -> tuple[Tensor, ...]:
    """Run the eager way; it takes what `arguments` returns, and returns None for an absent c_n."""
    *weights, batch_sizes, cell, reverse, segment = rest
    state = (h_0,) if c_0 is None else (h_0, c_0)
    found = native.recurrence(RECORDS[cell], x, state, weights, batch_sizes, reverse, segment)
    return found if len(found) == 3 else (*found, None)


@pytest.mark.parametrize(
    ("cell", "bias", "packed", "grad", "segment"),
    spread((True, False, True, 0), (False, True, True, 0), (True, True, False, 0), (True, False, True, 3)),
)
def test_opcheck(cell: str, bias: bool, packed: bool, grad: bool, segment: int) -> None:
    given = arguments(cell, bias=bias, packed=packed, grad=grad, segment=segment)
    torch.library.opcheck(torch.ops.elman.recurrence.default, (*given, grad))


@pytest.mark.parametrize(
    ("cell", "bias", "packed", "segment"), spread((False, True, 0), (True, True, 2), (True, False, 0))
)
def test_opcheck_of_the_backward_pass(cell: str, bias: bool, packed: bool, segment: int) -> None:
    given = arguments(cell, bias=bias, packed=packed, segment=segment)
    y, h_n, c_n, gates, cells_ = torch.ops.elman.recurrence(*given, True)
    grads = (torch.randn_like(y), torch.randn_like(h_n), torch.randn_like(c_n) if cell == "lstm" else None)
    operation, values = torch.ops.elman.recurrence_backward.default, (*grads, *given, y, gates, cells_)
    torch.library.opcheck(operation, (*values, [True] * 7))
    some = [False, True, False, True, False, True, False]
    torch.library.opcheck(operation, (*values, some), test_utils=("test_schema", "test_faketensor"))


@cells
def test_the_operation_equals_the_eager_way(cell: str) -> None:
    for packed, reverse in product([False, True], repeat=2):
        given = arguments(cell, packed=packed, grad=True, reverse=reverse)
        leaves = [t for t in given[:7] if t is not None]
        y, *_ = recurrence(*given)
        z, *_ = torch.ops.elman.recurrence(*given, True)
        assert torch.equal(y, z)
        one, other = (torch.autograd.grad(out.square().sum(), leaves) for out in (y, z))
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@cells
@pytest.mark.parametrize(("packed", "segment"), list(product([False, True], [0, 2])))
def test_states_of_a_stack_of_one_layer(cell: str, packed: bool, segment: int) -> None:
    """(1, B, H) in gives (1, B, H) out, with the bits of (B, H), whoever computes it."""
    x, *states, weight_ih, weight_hh, bias_ih, bias_hh, batch_sizes = arguments(cell, packed=packed, grad=True)[:8]
    states, weights = [s for s in states if s is not None], [weight_ih, weight_hh, bias_ih, bias_hh]

    def results(operation: Any, before: list[Tensor]) -> list[Tensor]:
        y, *final = operation(x, *before, *weights, batch_sizes, segment=segment)
        assert all(after.shape == s.shape for after, s in zip(final, before, strict=True))
        loss = y.square().sum() + sum(s.square().sum() for s in final)
        found = torch.autograd.grad(loss, [x, *states, *weights])
        return [y, *(s.reshape(states[0].shape) for s in final), *found]

    for operation in (CELLS[cell].native, CELLS[cell].reference):
        plain, stacked = results(operation, states), results(operation, [s.unsqueeze(0) for s in states])
        assert all(torch.equal(a, b) for a, b in zip(plain, stacked, strict=True))


@cells
def test_fake_tensors(cell: str) -> None:
    with FakeTensorMode():
        x, h, *rest = (torch.empty(t.shape) for t in draw(Problem(cell, 4, 3, 5, 6)))
        y, h_n, *_ = CELLS[cell].native(x, h, *rest)
        assert (y.shape, h_n.shape) == ((4, 3, 6), (3, 6))


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before"])
def test_compiled_once_for_any_size(cell: str) -> None:
    compiled = torch.compile(CELLS[cell].native, fullgraph=True, dynamic=True, backend="aot_eager")
    graphs = torch._dynamo.utils.counters["stats"]
    before = graphs["unique_graphs"]  # every compiled test of this process counts here
    with torch.compiler.set_stance("default"):
        for T, B in [(4, 3), (7, 5), (2, 9)]:
            problem = Problem(cell, T, B, 5, 6)
            assert_all_close(run(compiled, problem, draw(problem), torch.float32), truth(problem))
    assert 1 <= graphs["unique_graphs"] - before <= 2


# Gradients.


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_reset_before"])
def test_only_some_inputs_have_a_gradient(cell: str) -> None:
    """Each subset gives the bits that all together give; one bias alone among them."""
    given = arguments(cell)
    places = [k for k, t in enumerate(given[:7]) if t is not None]
    grad = torch.randn(4, 3, 6)
    want: dict[int, Tensor] = {}
    for chosen in [
        tuple(places),
        *({k for k, use in zip(places, uses, strict=True) if use} for uses in product([0, 1], repeat=len(places))),
    ]:
        if not chosen:
            continue
        leaves = {k: given[k].clone().requires_grad_() for k in sorted(chosen)}
        y, *_ = recurrence(*[leaves.get(k, value) for k, value in enumerate(given)])
        found = dict(zip(leaves, torch.autograd.grad(y, list(leaves.values()), grad), strict=True))
        want = want or found
        assert all(torch.equal(found[k], want[k]) for k in found)


@cells
@pytest.mark.parametrize("packed", [False, True], ids=["dense", "packed"])
def test_gradients_that_are_expanded_strided_or_absent(cell: str, packed: bool) -> None:
    given = arguments(cell, packed=packed, grad=True)
    leaves = [t for t in given[:7] if t is not None]
    y, h_n, _ = recurrence(*given)
    ones, transposed = torch.ones_like(y), torch.ones_like(y).transpose(0, -1).contiguous().transpose(0, -1)

    def of(outputs: list[Tensor], grads: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(outputs, leaves, grads, retain_graph=True, materialize_grads=True)

    want = of([y], [ones])
    for grad in (ones[:1, :1].expand(y.shape) if not packed else ones[:1].expand(y.shape), transposed):
        assert all(torch.equal(a, b) for a, b in zip(of([y], [grad]), want, strict=True))
    assert all(
        torch.equal(a, b) for a, b in zip(torch.autograd.grad(y.sum(), leaves, retain_graph=True), want, strict=True)
    )
    absent = of([h_n], [torch.ones_like(h_n)])
    zero = of([y, h_n], [torch.zeros_like(y), torch.ones_like(h_n)])
    assert all(torch.equal(a, b) for a, b in zip(absent, zero, strict=True))


@cells
def test_the_graph_may_be_kept_and_not_be_used_after_it_is_freed(cell: str) -> None:
    given = arguments(cell, grad=True)
    y, *_ = recurrence(*given)
    first = torch.autograd.grad(y.sum(), given[3], retain_graph=True)
    assert torch.equal(torch.autograd.grad(y.sum(), given[3])[0], first[0])
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(y.sum(), given[3])


@cells
def test_changing_an_input_or_a_weight_in_place_is_noticed(cell: str) -> None:
    for changed in (0, 4):
        given = arguments(cell, grad=True)
        y, *_ = recurrence(*given)
        with torch.no_grad():
            given[changed].add_(1)
            y.mul_(2)  # which is allowed, and hides nothing
        for _ in range(2):
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                y.sum().backward()


@cells
def test_hooks_on_saved_tensors(cell: str) -> None:
    given = arguments(cell, grad=True)
    want = torch.autograd.grad(recurrence(*given)[0].sum(), given[3])[0]
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.double(), lambda t: t.float()):
        y = recurrence(*given)[0]
    assert torch.equal(torch.autograd.grad(y.sum(), given[3])[0], want)
    with torch.autograd.graph.save_on_cpu():
        y = recurrence(*given)[0]
    assert torch.equal(torch.autograd.grad(y.sum(), given[3])[0], want)


def penalty(function: Callable[..., Any], given: list[Any]) -> list[Tensor]:
    """Second derivatives by every input."""
    leaves = [t for t in given[:7] if t is not None]
    first = torch.autograd.grad(function(given).square().sum(), leaves, create_graph=True)
    return list(torch.autograd.grad(sum(g.square().sum() for g in first), leaves))


def in_double(given: list[Any]) -> list[Any]:
    return [t.detach().double().requires_grad_() if t is not None else None for t in given[:7]] + given[7:]


def reference(given: list[Any]) -> tuple[Tensor, ...]:
    x, h_0, c_0, *rest, cell, reverse, _ = given
    return CELLS[cell].reference(x, h_0, *([] if c_0 is None else [c_0]), *rest, reverse)


@cells
@pytest.mark.parametrize(("packed", "reverse"), [(False, False), (True, True)])
@pytest.mark.parametrize(
    "way", [recurrence, lambda *given: torch.ops.elman.recurrence(*given, True)], ids=["eager", "op"]
)
def test_second_derivatives(cell: str, packed: bool, reverse: bool, way: Any) -> None:
    given = arguments(cell, packed=packed, grad=True, reverse=reverse)
    got = penalty(lambda given: way(*given)[0], given)
    want = penalty(lambda given: reference(given)[0], in_double(given))
    for name, a, b in zip(["x", "h_0", "c_0", "weights"] + ["weight"] * 7, got, want, strict=False):
        assert_close(a, b, name)


@cells
def test_second_derivatives_when_one_input_comes_from_another(cell: str) -> None:
    """A state carried from window to window comes from the weights, and the input may come from the state."""

    def two_windows(function: Callable[..., Any]) -> Callable[..., Tensor]:
        def windows(given: list[Any]) -> Tensor:
            x, *rest = given
            _, *state = function(given)
            state = [*state[:2], None][:2] if rest[1] is not None else [state[0], None]
            y, *_ = function([x * state[0].sum(), *state, *rest[2:]])
            return y

        return windows

    given = arguments(cell, grad=True)
    got = penalty(two_windows(lambda given: recurrence(*given)), given)
    want = penalty(two_windows(reference), in_double(given))
    for place, (a, b) in enumerate(zip(got, want, strict=True)):
        assert_close(a, b, f"input {place}")


def test_second_derivatives_by_a_tensor_that_is_two_inputs() -> None:
    def shared(function: Callable[..., Any], dtype: torch.dtype) -> Tensor:
        x, h, _, weight_ih, weight_hh, *_ = (None if t is None else t.detach().to(dtype) for t in arguments("lstm")[:7])
        h.requires_grad_()
        y, *_ = function([x, h, h, weight_ih, weight_hh, None, None, None, "lstm", False, 0])
        (first,) = torch.autograd.grad(y.square().sum(), h, create_graph=True)
        return torch.autograd.grad(first.square().sum(), h)[0] + first.detach()

    assert_close(shared(lambda g: recurrence(*g), torch.float32), shared(reference, torch.float64), "h")


# Bad calls.


def changed(given: list[Any], place: int, value: Any) -> list[Any]:
    return [*given[:place], value, *given[place + 1 :]]


BAD = {
    "x is unbatched": (0, torch.zeros(4, 5)),
    "x has another batch": (0, torch.zeros(4, 2, 5)),
    "x is wider": (0, torch.zeros(4, 3, 6)),
    "x is double": (0, torch.zeros(4, 3, 5).double()),
    "x is a scalar": (0, torch.zeros(())),
    "h_0 is of a stack of two": (1, torch.zeros(2, 3, 6)),
    "h_0 is a stack of one and c_0 is not": (1, torch.zeros(1, 3, 6)),
    "h_0 has another batch": (1, torch.zeros(2, 6)),
    "c_0 is narrower": (2, torch.zeros(3, 5)),
    "c_0 is missing": (2, None),
    "weight_ih is transposed": (3, torch.zeros(5, 24)),
    "weight_ih is of a GRU": (3, torch.zeros(18, 5)),
    "weight_hh is a vector": (4, torch.zeros(24 * 6)),
    "weight_hh is bfloat16": (4, torch.zeros(24, 6).bfloat16()),
    "bias_ih is short": (5, torch.zeros(23)),
    "bias_hh is an int": (6, torch.zeros(24, dtype=torch.int32)),
    "bias_hh is missing": (6, None),
    "the cell is unknown": (8, "lstmm"),
    "the segment is negative": (10, -1),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("way", [recurrence, lambda *g: torch.ops.elman.recurrence(*g, True)], ids=["eager", "op"])
def test_a_bad_call_is_refused(name: str, way: Any) -> None:
    if way is recurrence and name == "the cell is unknown":
        pytest.skip("the eager way is given a record, not a name")
    with pytest.raises(
        RuntimeError, match=r"elman: (lstm expected x .* got x|expected (cell to be one of|segment to be 0 or))"
    ):
        way(*changed(arguments("lstm"), *BAD[name]))


def test_the_message_says_what_came() -> None:
    with pytest.raises(
        RuntimeError, match=r"weight_hh \(4\*H, H\).*all float32 on the CPU.*weight_hh \(24, 6\) in torch.float64"
    ):
        recurrence(*changed(arguments("lstm"), 4, torch.zeros(24, 6).double()))


def test_another_device_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"weight_hh .* on meta"):
        recurrence(*changed(arguments("lstm"), 4, torch.zeros(24, 6, device="meta")))


@pytest.mark.parametrize("place", range(15, 19))
def test_a_bad_call_of_the_backward_pass_is_refused(place: int) -> None:
    given = arguments("lstm")
    y, h_n, c_n, gates, cells_ = torch.ops.elman.recurrence(*given, True)
    good = [y, h_n, c_n, *given, y, gates, cells_, [True] * 7]
    torch.ops.elman.recurrence_backward(*good)
    bad = changed(good, place - 1, [True] * 6 if place == 18 else torch.zeros(2, 2))
    with pytest.raises(RuntimeError, match=r"elman: .*expected"):
        torch.ops.elman.recurrence_backward(*bad)


@pytest.mark.parametrize(
    "sizes", [[2, 3, 2], [3, 2, 1], [3, 3, 2], [3, 2, 2, 0], [2, 2, 2, 1], [4, 2, 1], [7], [], [-1, 8]], ids=str
)
def test_batch_sizes_that_do_not_fit(sizes: list[int]) -> None:
    """There are 7 rows, and 3 in the batch: only sizes from 3 down with a sum of 7 do."""
    given = changed(arguments("lstm", packed=True), 7, torch.tensor(sizes, dtype=torch.int64))
    with pytest.raises(RuntimeError, match="expected batch_sizes to begin with B = 3, never to grow"):
        recurrence(*given)


def test_batch_sizes_of_another_kind() -> None:
    given = arguments("lstm", packed=True)
    want = recurrence(*given)[0]
    strided = torch.stack((given[7], given[7] + 9), 1)[:, 0]
    assert torch.equal(recurrence(*changed(given, 7, strided))[0], want)
    for sizes in (given[7].int(), given[7].double(), given[7][None]):
        with pytest.raises(RuntimeError, match=r"batch_sizes \(T,\) in torch.int64, got"):
            recurrence(*changed(given, 7, sizes))


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_hh_l0"])
def test_a_layer_whose_weight_was_replaced(name: str) -> None:
    """A weight that fits is used, strided too; one that does not is refused."""
    layer, x = elman.LSTM(5, 6), torch.randn(4, 3, 5)

    def results(checkpoint_every: int | None) -> list[Tensor]:
        y = layer(x, checkpoint_every=checkpoint_every)[0]
        return [y, *torch.autograd.grad(y.square().sum(), list(layer.parameters()))]

    want = results(None)
    old = getattr(layer, name).detach()
    setattr(layer, name, torch.nn.Parameter(torch.stack((old, old + 1), -1)[..., 0]))
    for checkpoint_every in (None, 2):
        assert all(torch.equal(a, b) for a, b in zip(results(checkpoint_every), want, strict=True))
    for other in (old.double(), old[:-1]):
        setattr(layer, name, torch.nn.Parameter(other))
        with pytest.raises(RuntimeError, match="elman: lstm expected"):
            layer(x)
