"""On a GPU the layers run torch's own kernels, cuDNN; skipped where there is no GPU."""

import pytest
import torch
from tests.tolerance import relative_error
from torch import nn

import elman

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
CELLS = ["RNN", "GRU", "LSTM"]
SAME = 1e-6  # the same cuDNN kernels on the same numbers


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("packed", [False, True])
def test_layers_equal_torch_on_a_gpu(cell: str, packed: bool) -> None:
    torch.manual_seed(0)
    ours = getattr(elman, cell)(5, 7, num_layers=2, bidirectional=True, device="cuda")
    theirs = getattr(nn, cell)(5, 7, num_layers=2, bidirectional=True, device="cuda")
    theirs.load_state_dict(ours.state_dict())
    assert ours.backend == "torch"
    assert "cuda" in ours.backend.reason
    x = torch.randn(6, 3, 5, device="cuda")
    given = nn.utils.rnn.pack_padded_sequence(x, [6, 4, 1]) if packed else x
    y, expected = ours(given)[0], theirs(given)[0]
    y, expected = (y.data, expected.data) if packed else (y, expected)
    assert relative_error(y, expected) < SAME
    grads = torch.autograd.grad(y.sum(), list(ours.parameters()))
    for grad, wanted in zip(grads, torch.autograd.grad(expected.sum(), list(theirs.parameters())), strict=True):
        assert relative_error(grad, wanted) < 1e-5


@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_gives_on_a_gpu_what_it_gives_on_the_cpu(cell: str) -> None:
    torch.manual_seed(0)
    layer = getattr(elman, cell)(5, 7)
    x = torch.randn(6, 3, 5)
    y = layer(x)[0]
    on_gpu = layer.to("cuda")(x.to("cuda"))[0]
    assert relative_error(on_gpu.cpu(), y) < 5e-3  # cuDNN may use TensorFloat-32


def test_the_gru_that_torch_has_not_runs_on_the_reference() -> None:
    layer = elman.GRU(5, 7, reset_after=False, device="cuda")
    assert layer.backend == "reference"
    assert layer(torch.randn(6, 3, 5, device="cuda"))[0].is_cuda


@pytest.mark.parametrize("cell", CELLS)
def test_cells_equal_torch_on_a_gpu(cell: str) -> None:
    torch.manual_seed(0)
    ours, theirs = getattr(elman, f"{cell}Cell")(5, 7, device="cuda"), getattr(nn, f"{cell}Cell")(5, 7, device="cuda")
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 5, device="cuda")
    h, expected = ours(x), theirs(x)
    h, expected = (h[0], expected[0]) if cell == "LSTM" else (h, expected)
    assert relative_error(h, expected) < SAME
