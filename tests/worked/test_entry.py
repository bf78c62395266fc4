"""`elman.explain` is a plain function, loads no torch, is fast enough, and takes a torch module too."""

import inspect
import pydoc
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import elman
from elman.errors import InputError
from elman.worked import Worksheet
from elman.worked.sheet.worksheet import load


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "first", ["import elman", "import elman.worked", "from elman.worked import Trace; import elman"]
)
def test_explain_and_check_are_functions(first: str) -> None:
    code = f"{first}\nprint(type(elman.explain).__name__, type(elman.check).__name__, elman.explain('lstm').length)"
    assert run(code) == "function function 3"


def test_the_names_of_the_room_are_loaded_when_used() -> None:
    code = "import sys, elman.worked as w; print('numpy' in sys.modules, w.gallery()[0], w.load('lstm').cell)"
    assert run(code) == "False exploding lstm"


def test_torch_is_not_imported() -> None:
    code = "import sys, elman; elman.explain('love-book').to('terminal'); print('torch' in sys.modules)"
    assert run(code) == "False"


def test_a_worksheet_from_python_a_path_and_a_name_agree(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("cell: rnn\nparameters: {W_xh: [[1]], W_hh: [[0.5]], b_h: 0}\nexamples: [{inputs: [[1], [2]]}]\n"
                    "output: {kind: none, at: last}\n")  # fmt: skip
    given = {"cell": "rnn", "parameters": {"W_xh": [[1]], "W_hh": [[0.5]], "b_h": 0}}
    given |= {"examples": [{"inputs": [[1], [2]]}], "output": {"kind": "none", "at": "last"}}
    sheet = Worksheet.model_validate(given)
    for trace in (elman.explain(path), elman.explain(str(path)), elman.explain(given), elman.explain(sheet)):
        assert trace["h.2"].array == pytest.approx(np.tanh(2 + 0.5 * np.tanh(1)))


def test_a_trace_is_a_container_in_order() -> None:
    trace = elman.explain("not-very-good")
    ids = [value.id for value in trace]
    assert (
        ids.index("a.1")
        < ids.index("h.1")
        < ids.index("a.2")
        < ids.index("dh.3")
        < ids.index("dh.2")
        < ids.index("dW_hh")
    )
    assert len(ids) == len(trace) == len(set(ids))
    assert "h.1" in trace
    assert "h.9" not in trace
    assert repr(trace).startswith("<Trace of 'Not very good': 57 values")
    assert [operand.id for operand in trace["dh.2"].operands] == ["W_hh", "da.3"]
    assert [source.consumer.id for source in trace["dh.2"].sources] == ["a.3"]
    assert trace["dW_hh"] in trace["dW_hh@2"].uses


@pytest.mark.study
def test_eight_units_and_twenty_steps_in_a_second() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(20, 8)
    start = time.process_time()
    trace = elman.explain(nn.LSTM(8, 8), inputs, loss={"kind": "half_squares", "at": "last"}, target=[0.0] * 8)
    trace.to("json")
    assert time.process_time() - start < 4  # a second on an idle machine
    assert trace.check_line is not None
    assert trace.check_line.passed


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_torch_layer_alone_and_without_biases(kind: Any) -> None:
    torch.manual_seed(1)
    layer = kind(2, 3, bias=False)
    inputs = torch.randn(4, 1, 2)
    trace = elman.explain(layer, inputs)
    np.testing.assert_allclose(trace["h.4"].array, layer(inputs)[0][-1, 0].detach(), atol=1e-6)


def test_a_relu_layer_and_a_subclass() -> None:
    class RNN(nn.RNN):
        """A drop-in replacement by another author."""

    layer = RNN(2, 3, nonlinearity="relu").double()
    inputs = torch.randn(4, 2, dtype=torch.float64)
    np.testing.assert_allclose(elman.explain(layer, inputs)["h.4"].array, layer(inputs)[0][-1].detach(), atol=1e-12)


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (nn.Linear(2, 2), torch.zeros(3, 2), "expected a module with one RNN, LSTM or GRU, got 0 in Linear"),
        (nn.Sequential(nn.RNN(2, 2), nn.RNN(2, 2)), torch.zeros(3, 2), "got 2 in Sequential"),
        (nn.Sequential(nn.RNN(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)), torch.zeros(3, 2), "at most one Linear, got 2"),
        (nn.RNN(2, 2), torch.zeros(3, 5), r"inputs: expected shape \(T, 2\), one sequence, got \(3, 5\)"),
        (nn.LSTM(2, 4, proj_size=2), torch.zeros(3, 2), "projection"),
        (nn.RNN(2, 2, num_layers=3), torch.zeros(3, 2), "RNN: layers: should be 1 or 2, got 3"),
    ],
)
def test_modules_that_are_not_worked(module: Any, inputs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        elman.explain(module, inputs)


def test_two_layers_in_two_directions_have_their_ids() -> None:
    torch.manual_seed(2)
    layer = nn.GRU(2, 2, num_layers=2, bidirectional=True)
    loss = {"kind": "half_squares", "at": "every", "over_steps": "sum"}
    trace = elman.explain(layer, torch.randn(3, 2), output={"kind": "none"}, loss=loss, targets=[[0.0] * 4] * 3)
    for name in [
        "h_l2_r.1",
        "dh_l2_r.1",
        "da_n_r.2",
        "dW_hn_l2@3",
        "dW_hn_l2_r",
        "h_r.4",
        "hh_l2.3",
        "dhh.2",
        "b_hn_l2_r",
    ]:
        assert name in trace, name
    assert trace["h_r.4"].reason == "the state before the first step"
    assert trace.gradients.compare().passed
    assert "from the joined directions and from step 2" in " ".join(trace.to("terminal").split())


def test_carried_initial_states() -> None:
    sheet = load("not-very-good").model_dump(exclude_none=True)
    sheet["examples"][0]["initial"] = {"h": [0.3, -0.2]}
    trace = elman.explain(sheet)
    np.testing.assert_array_equal(trace["h.0"].array, [0.3, -0.2])
    assert trace["dh.0"].array.any()
    assert trace.gradients.compare().passed


@pytest.mark.parametrize("name", ["explain", "diagnose", "check", "truncation"])
def test_help_shows_the_arguments(name: str) -> None:
    called = getattr(elman, name)
    parameters = inspect.signature(called).parameters
    assert not {"args", "arguments", "kwargs", "options"} & set(parameters)
    shown = pydoc.render_doc(called, renderer=pydoc.plaintext)
    assert f"{name}(" in shown
    assert all(f"{parameter}:" in shown or f"{parameter}=" in shown for parameter in parameters), shown


@pytest.mark.parametrize("inputs", [None, "words", [["a"]], [[1.0], [1.0, 2.0]], object(), torch.zeros(3)])
def test_a_module_without_a_sequence_is_refused(inputs: Any) -> None:
    with pytest.raises(InputError, match="inputs: "):
        elman.explain(elman.GRU(2, 3), inputs)


def test_gradients_without_a_loss_cannot_be_compared() -> None:
    trace = elman.explain(elman.GRU(2, 3), torch.zeros(3, 2))
    assert len(trace.gradients) == 0
    with pytest.raises(InputError, match="gradients: the sheet has no loss, so there is nothing to compare"):
        trace.gradients.compare()
