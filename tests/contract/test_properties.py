"""Whatever the size, the configuration and the input, the layers equal torch.nn."""

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.registry import CELLS, RUNS, Case, Cell, Run, pair, results
from tests.tolerance import assert_all_close

from elman.ops.dispatch import use_backend

sizes = st.integers(1, 6)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    lengths = tuple(draw(st.lists(sizes, max_size=4)))
    if lengths:
        options["batch_first"] = False
    state = draw(st.booleans())
    # With one unit a gradient may be one sum that cancels, whose rounding has no size to be compared with.
    T, B, I, H = draw(sizes), draw(st.integers(0, 4)), draw(sizes), draw(st.integers(2, 17))  # noqa: E741
    return Case("drawn", T, B, I, H, lengths, state, options)


@given(st.sampled_from(CELLS), st.sampled_from(RUNS), cases())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_case_equals_torch(cell: Cell, run: Run, case: Case) -> None:
    layer, truth = pair(cell, case, run.dtype)
    with use_backend(run.backend if run.covers(cell) else None):
        assert_all_close(results(layer, case), results(truth, case))


@given(st.sampled_from(CELLS), st.sampled_from(RUNS), st.integers(2, 8), st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_sequence_may_be_cut_anywhere(cell: Cell, run: Run, T: int, data: st.DataObject) -> None:
    layer, _ = pair(cell, Case("cut", options={"num_layers": 2}), run.dtype)
    x = torch.randn(T, 3, 5, dtype=run.dtype)
    cut = data.draw(st.integers(1, T - 1))
    with use_backend(run.backend if run.covers(cell) else None):
        whole, _ = layer(x)
        first, state = layer(x[:cut])
        second, _ = layer(x[cut:], state)
    assert_all_close({"y": torch.cat((first, second))}, {"y": whole})
