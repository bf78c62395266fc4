"""What a stream takes and returns; wrong input is one clear line, and leaves the state as it was."""

import copy
import gc
import pickle
import resource
from typing import Any

import numpy as np
import pytest
import torch
from tests.streams.networks import same_bits
from torch import nn

import elman
from elman import kernels
from elman.errors import InputError

LAYER = elman.LSTM(5, 7)
READER = nn.Sequential(nn.Embedding(11, 5), elman.GRU(5, 7), nn.Linear(7, 3))


def test_an_array_for_an_array_and_a_tensor_for_a_tensor() -> None:
    x = torch.randn(2, 5)
    a, b = elman.Stream(LAYER, 2), elman.Stream(LAYER, 2)
    y, z = a.step(x), b.step(x.numpy())
    assert isinstance(y, torch.Tensor)
    assert isinstance(z, np.ndarray)
    assert same_bits(y, z)
    y, z = a.run(x[None]), b.run(x[None].numpy())
    assert isinstance(y, torch.Tensor)
    assert isinstance(z, np.ndarray)
    assert same_bits(y, z)


def test_sizes() -> None:
    stream, reader = elman.Stream(LAYER, 4), elman.Stream(READER, 2)
    assert (stream.batch, stream.input_size, stream.output_size, stream.precision) == (4, 5, 7, "float32")
    assert (reader.batch, reader.input_size, reader.output_size) == (2, 11, 3)
    assert repr(stream).startswith("<Stream of LSTM 5 -> 7; batch 4, float32 on stream:")


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        lambda x: np.frombuffer(b"-" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape),
        torch.from_numpy,
        lambda x: torch.from_numpy(x).double().requires_grad_(),
        lambda x: nn.Parameter(torch.from_numpy(x)),
    ],
)
def test_any_floating_numbers_anywhere_in_memory(change: Any) -> None:
    block = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    want, stream = elman.Stream(LAYER, 2).run(block), elman.Stream(LAYER, 2)
    got = stream.run(change(block))
    stream.reset()
    steps = [stream.step(change(x)) for x in block]
    for y in (got, *steps):
        assert not isinstance(y, torch.Tensor) or not y.requires_grad
    assert same_bits(got, want)
    assert same_bits(np.stack(steps), want)


def test_bfloat16_is_read() -> None:
    x = torch.randn(2, 5).bfloat16()
    assert same_bits(elman.Stream(LAYER, 2).step(x), elman.Stream(LAYER, 2).step(x.float()))


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint16, np.uint64])
def test_any_whole_numbers_are_symbols(dtype: Any) -> None:
    symbols = np.array([10, 0], dtype)
    want = elman.Stream(READER, 2).step(torch.tensor([10, 0]))
    assert same_bits(elman.Stream(READER, 2).step(symbols), want)


def test_a_result_stays_what_it_was() -> None:
    stream, x = elman.Stream(LAYER), np.ones((1, 5), np.float32)
    first = stream.step(x)
    kept = first.copy()
    stream.step(x)
    assert same_bits(first, kept)
    assert first.flags.owndata


def test_no_steps() -> None:
    stream = elman.Stream(LAYER, 2)
    before = stream.state.values
    assert stream.run(np.empty((0, 2, 5), np.float32)).shape == (0, 2, 7)
    assert same_bits(stream.state.values, before)


OUTS: list[Any] = [
    lambda shape: np.full(shape, np.nan, np.float32),
    lambda shape: np.full((*shape, 2), np.nan, np.float32)[..., 0],
    lambda shape: torch.full(shape, torch.nan),
    lambda shape: torch.full((*shape, 2), torch.nan)[..., 1],
]


@pytest.mark.parametrize("make", OUTS)
def test_out_is_written_in_place(make: Any) -> None:
    x, block = torch.randn(2, 5), torch.randn(3, 2, 5)
    stream, other = elman.Stream(LAYER, 2), elman.Stream(LAYER, 2)
    out, outs = make((2, 7)), make((3, 2, 7))
    assert stream.step(x, out=out) is out
    assert same_bits(out, other.step(x))
    assert stream.run(block, out=outs) is outs
    assert same_bits(outs, other.run(block))


def test_autograd_sees_that_out_was_written() -> None:
    """As with torch's own: a backward pass that needs the numbers of before is refused."""
    w, out = torch.ones(1, 7, requires_grad=True), torch.ones(1, 7)
    y = (w * out).sum()
    elman.Stream(LAYER).step(torch.randn(1, 5), out=out)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_block_may_be_written_over_itself() -> None:
    layer, block = elman.GRU(6, 6), np.random.default_rng(0).normal(size=(5, 2, 6)).astype(np.float32)
    want = elman.Stream(layer, 2).run(block)
    stream, memory = elman.Stream(layer, 2), np.concatenate([block, block[:1]])
    stream.run(memory[:5], out=memory[1:])
    assert same_bits(memory[1:], want)


WRONG_STEPS: list[tuple[nn.Module, Any, str]] = [
    (LAYER, np.zeros((2, 4), np.float32), r"expected x of shape \(2, 5\), got \(2, 4\)\. Give the features"),
    (LAYER, np.zeros((3, 5), np.float32), r"expected x of shape \(2, 5\), got \(3, 5\)\. Give each row"),
    (LAYER, np.zeros(5, np.float32), r"expected x of shape \(2, 5\), got \(5,\)\. Reshape it"),
    (LAYER, torch.zeros(1, 2, 5), r"expected x of shape \(2, 5\), got \(1, 2, 5\)"),
    (LAYER, np.zeros((2, 5), np.int64), r"expected x to be floating numbers, got int64.*x.astype\(np.float32\)"),
    (LAYER, torch.zeros(2, 5, dtype=torch.int32), r"got torch.int32.*x.to\(torch.float32\)"),
    (LAYER, torch.zeros(2, 5, dtype=torch.complex64), "got torch.complex64"),
    (LAYER, np.zeros((2, 5), object), "got object"),
    (LAYER, [[0.0] * 5] * 2, "expected x to be a NumPy array or a tensor, got list.*np.asarray"),
    (LAYER, None, "got NoneType"),
    (LAYER, torch.zeros(2, 5, device="meta"), "expected x to be a dense tensor on the CPU, got one on meta"),
    (LAYER, torch.zeros(2, 5).to_sparse(), "got one with the layout torch.sparse_coo"),
    (READER, np.zeros(2, np.float32), r"expected x to be whole numbers of symbols, got float32.*np.int64"),
    (READER, np.zeros(2, bool), "got bool"),
    (READER, np.zeros((2, 1), np.int64), r"expected x of shape \(2,\), got \(2, 1\)"),
    (READER, np.zeros(3, np.int64), r"expected x of shape \(2,\), got \(3,\)"),
    (READER, np.array([3, 11]), "expected numbers of symbols from 0 to 10, got 11"),
    (READER, np.array([-1, 3]), "from 0 to 10, got -1"),
    (READER, torch.tensor([4, 2**62]), f"got {2**62}"),
    (READER, np.array([2**64 - 1, 1], np.uint64), "from 0 to 10, got"),
    (READER, 3, "got int"),
]


@pytest.mark.parametrize(("model", "x", "message"), WRONG_STEPS, ids=range(len(WRONG_STEPS)))
def test_a_wrong_step_changes_nothing(model: nn.Module, x: Any, message: str) -> None:
    stream = elman.Stream(model, 2)
    right = torch.tensor([1, 2]) if model is READER else torch.randn(2, 5)
    stream.step(right)
    before = stream.state.values
    with pytest.raises(InputError, match=message) as error:
        stream.step(x)
    assert str(error.value).startswith("Stream.step: ")
    assert "\n" not in str(error.value)
    assert same_bits(stream.state.values, before)
    if isinstance(x, np.ndarray | torch.Tensor) and getattr(x, "is_cpu", True) and not getattr(x, "is_sparse", False):
        with pytest.raises(InputError, match=r"Stream\.run: "):
            stream.run(x[None])
        assert same_bits(stream.state.values, before)
    assert stream.step(right).shape == (2, stream.output_size)


def test_a_wrong_symbol_late_in_a_block_changes_nothing() -> None:
    stream, block = elman.Stream(READER, 2), torch.randint(11, (9, 2))
    before = stream.state.values
    block[7, 1] = 12
    with pytest.raises(InputError, match="got 12"):
        stream.run(block)
    assert same_bits(stream.state.values, before)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty((1, 7), np.float32), r"expected out to be float32 of shape \(2, 7\), got float32 of \(1, 7\)"),
        (np.empty((2, 7)), "got float64"),
        (torch.empty(2, 7, dtype=torch.bfloat16), "got torch.bfloat16"),
        (np.broadcast_to(np.float32(0), (2, 7)), "got one that is read-only"),
        (torch.zeros(1).expand(2, 7), "whose elements share memory"),
        (torch.zeros(2, 7, requires_grad=True), "that requires a gradient"),
        ([0.0], "expected out to be a NumPy array or a tensor, got list"),
    ],
)
def test_a_wrong_out_changes_nothing(out: Any, message: str) -> None:
    stream, x = elman.Stream(LAYER, 2), torch.randn(2, 5)
    before = stream.state.values
    with pytest.raises(InputError, match=message):
        stream.step(x, out=out)
    with pytest.raises(InputError):
        stream.run(x[None], out=out[None] if isinstance(out, np.ndarray) else out)
    assert same_bits(stream.state.values, before)


@pytest.mark.parametrize(
    "rows", [0, [0, 2], [2, 0, 0], np.array([2, 0], np.int8), torch.tensor([0, 2]), range(0, 3, 2)]
)
def test_rows_are_reset_and_others_are_not(rows: Any) -> None:
    model, x = nn.Sequential(elman.LSTM(5, 7, 2), elman.GRU(7, 3)), torch.randn(3, 5)
    stream, kept, fresh = (elman.Stream(model, 3) for _ in range(3))
    stream.step(x)
    kept.step(x)
    stream.reset(rows)
    y, old, new = stream.step(x), kept.step(x), fresh.step(x)
    for row in range(3):
        assert same_bits(y[row], new[row] if row in np.atleast_1d(rows) else old[row])


def test_resetting_no_row_and_all_rows() -> None:
    stream, x = elman.Stream(LAYER, 3), torch.randn(3, 5)
    stream.step(x)
    before = stream.state.values
    stream.reset([])
    assert same_bits(stream.state.values, before)
    stream.reset()
    assert not stream.state.values.any()


@pytest.mark.parametrize("rows", [3, -1, [0, 3], [0.0], True, "0", [[0]], [None], np.array([2**63], np.uint64)])
def test_wrong_rows_change_nothing(rows: Any) -> None:
    stream = elman.Stream(LAYER, 3)
    stream.step(torch.randn(3, 5))
    before = stream.state.values
    with pytest.raises(InputError, match=r"Stream\.reset: expected numbers of rows from 0 to 2, got .* none for all"):
        stream.reset(rows)
    assert same_bits(stream.state.values, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "expected batch to be a whole number from 1 to 1,000,000, got 0"),
        ({"batch": 2.0}, "got 2.0"),
        ({"batch": True}, "got True"),
        ({"batch": 10**7}, "got 10000000"),
        ({"threads": 0}, "expected threads to be a whole number from 1"),
        ({"precision": "float16"}, "expected precision to be float32, bfloat16, int8, got 'float16'"),
        ({"precision": None}, "got None"),
        ({"precision": ["int8"]}, "got \\['int8'\\]"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        elman.Stream(LAYER, **options)


def test_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_library", lambda: None)
    with pytest.raises(
        InputError, match=r"elman.Stream runs on the compiled kernels: this installation has no .*\. Call"
    ):
        elman.Stream(LAYER)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stream_is_not_copied(how: Any) -> None:
    with pytest.raises(TypeError, match="cannot be copied or pickled: make another"):
        how(elman.Stream(LAYER))


def test_memory_is_freed() -> None:
    """400 streams of 1 MB each."""
    layer = elman.GRU(128, 128)
    for _ in range(10):
        elman.Stream(layer)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(400):
        elman.Stream(layer)
    gc.collect()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 100e6
