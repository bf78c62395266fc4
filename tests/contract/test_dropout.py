"""Dropout stands between the layers, while training only, and draws what torch draws."""

import pytest
import torch
from tests.contract.registry import Case, Cell, Run, pair, results
from tests.tolerance import assert_all_close
from torch import nn

import elman

CASES = [
    Case("dense", options={"num_layers": 3, "dropout": 0.4}),
    Case("both_ways", options={"num_layers": 2, "dropout": 0.7, "bidirectional": True}),
    Case("packed", lengths=(5, 3, 3, 1), options={"num_layers": 2, "dropout": 0.4}),
]


def seeded(layer: nn.RNNBase, case: Case, seed: int) -> dict[str, torch.Tensor]:
    torch.default_generator.manual_seed(seed)
    return results(layer, case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_seed_same_result(cell: Cell, run: Run, case: Case) -> None:
    layer, _ = pair(cell, case, run.dtype)
    first = seeded(layer, case, 5)
    for name, value in seeded(layer, case, 5).items():
        assert torch.equal(value, first[name]), name
    assert not torch.equal(seeded(layer, case, 6)["y"], first["y"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_same_elements_fall_as_in_torch(cell: Cell, run: Run, case: Case) -> None:
    if not cell.in_torch:
        pytest.skip("its truth has no dropout")
    layer, truth = pair(cell, case, run.dtype)
    assert_all_close(seeded(layer, case, 5), seeded(truth.to(run.dtype), case, 5))
    with pytest.raises(AssertionError, match="y: relative error"):
        assert_all_close(seeded(layer, case, 6), seeded(truth, case, 5))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_falls_in_evaluation(cell: Cell, run: Run, case: Case) -> None:
    layer, _ = pair(cell, case, run.dtype)
    plain = Case(case.name, lengths=case.lengths, options={**case.options, "dropout": 0.0})
    other, _ = pair(cell, plain, run.dtype)
    assert_all_close(results(layer.eval(), case), results(other, plain))


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
def test_the_share_and_the_scale(p: float) -> None:
    """A relu network that copies: each element of the second layer is 0, or the first layer's over 1 - p."""
    layer = elman.RNN(1, 100, 2, "relu", dropout=p)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.fill_(1)
        layer.weight_ih_l1.copy_(torch.eye(100))
    y, _ = layer(torch.zeros(50, 20, 1))
    kept = y[y != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - p) if p < 1 else 0))
    share = 1 - kept.numel() / y.numel()
    assert abs(share - p) <= 5 * (p * (1 - p) / y.numel()) ** 0.5
