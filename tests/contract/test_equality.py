"""Output, final state and every gradient of every cell on every backend, against torch.nn in float64.

And the proof that these comparisons can fail: against a truth that is sabotaged in any one part, they do.
"""

from collections.abc import Callable

import pytest
import torch
from tests.contract.registry import CASES, CELLS, RUNS, Case, Cell, Run, pair, results, truth_results
from tests.tolerance import RELATIVE, assert_all_close, relative_error
from torch import nn

from elman.ops.dispatch import use_backend

PLAIN = Case("plain")
LSTM = next(cell for cell in CELLS if cell.name == "lstm")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everything_equals_torch(cell: Cell, run: Run, case: Case) -> None:
    layer, truth = pair(cell, case, run.dtype)
    assert layer.backend == run.backend
    assert_all_close(results(layer, case), truth_results(cell, case, truth))


def test_a_strided_input_changes_nothing(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, PLAIN, run.dtype)
    strided = results(layer, PLAIN, lambda x: torch.stack((x, -x), -1)[..., 0])
    assert_all_close(strided, truth_results(cell, PLAIN, truth))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("lengths", [(), (5, 2, 4)], ids=["dense", "packed"])
@pytest.mark.parametrize("backend", ["reference", "torch"])
def test_a_projection_equals_torch(backend: str, lengths: tuple[int, ...]) -> None:
    case = Case("projection", lengths=lengths, options={"proj_size": 2, "num_layers": 2, "bidirectional": True})
    layer, truth = pair(LSTM, case, torch.float64)
    with use_backend(backend):
        assert_all_close(results(layer, case), results(truth, case))


def rows(parameter: torch.Tensor, cell: Cell, gate: str) -> torch.Tensor:
    """The rows of a weight or bias that belong to one gate."""
    return parameter.chunk(len(cell.gates))[cell.gates.index(gate)]


def delete_recurrence(truth: nn.RNNBase, cell: Cell) -> None:
    truth.weight_hh_l0.zero_()


def delete_input(truth: nn.RNNBase, cell: Cell) -> None:
    truth.weight_ih_l0.zero_()


def delete_bias(truth: nn.RNNBase, cell: Cell) -> None:
    truth.bias_hh_l0.zero_()


def break_gate(gate: str) -> Callable[[nn.RNNBase, Cell], None]:
    def sabotage(truth: nn.RNNBase, cell: Cell) -> None:
        for parameter in truth.parameters():
            rows(parameter, cell, gate).neg_()  # sigmoid(-a) = 1 - sigmoid(a): for a GRU's z this is the swap of z

    sabotage.__name__ = f"break_{gate}"
    return sabotage


def exchange_gates(truth: nn.RNNBase, cell: Cell) -> None:
    for parameter in truth.parameters():
        first, second = parameter.chunk(len(cell.gates))[:2]
        keep = first.clone()
        first.copy_(second)
        second.copy_(keep)


@pytest.mark.parametrize("backend", ["native", "reference", "torch"])
def test_sabotage_is_found(cell: Cell, backend: str) -> None:
    run = next((run for run in RUNS if run.backend == backend and run.covers(cell)), None)
    if run is None:
        pytest.skip(f"no {backend} backend for {cell} here")
    layer, _ = pair(cell, PLAIN, run.dtype)
    with use_backend(backend):
        got = results(layer, PLAIN)
    sabotages = [delete_recurrence, delete_input, delete_bias, *(break_gate(gate) for gate in cell.gates)]
    for sabotage in [*sabotages, *([exchange_gates] if len(cell.gates) > 1 else [])]:
        _, truth = pair(cell, PLAIN, run.dtype)
        with torch.no_grad():
            sabotage(truth, cell)
        error = relative_error(got["y"], results(truth, PLAIN)["y"])
        assert error > RELATIVE[run.dtype], sabotage.__name__


@pytest.mark.parametrize("name", ["num_layers", "bidirectional"])
def test_exchanged_layers_or_directions_are_found(cell: Cell, run: Run, name: str) -> None:
    case = Case(name, I=4, options={name: 2 if name == "num_layers" else True})
    layer, truth = pair(cell, case, run.dtype)
    parameters = dict(truth.named_parameters())
    other = "l1" if name == "num_layers" else "l0_reverse"
    with torch.no_grad():
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            one, two = parameters[f"{kind}_l0"], parameters[f"{kind}_{other}"]
            keep = one.clone()
            one.copy_(two)
            two.copy_(keep)
    with pytest.raises(AssertionError, match="y: relative error"):
        assert_all_close(results(layer, case), results(truth, case))


def test_a_wrong_packing_is_found(cell: Cell, run: Run) -> None:
    case = Case("packed", lengths=(6, 4, 4, 1))
    layer, truth = pair(cell, case, run.dtype)
    other = Case("other", lengths=(6, 4, 3, 2))
    with pytest.raises(AssertionError, match="relative error"):
        assert_all_close(results(layer, case), results(truth, other))
