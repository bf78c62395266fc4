"""The rule that chooses a backend: each branch, its reason, and what may be forced."""

import importlib.util

import pytest
import torch

import elman
from elman.errors import InputError
from elman.ops import dispatch
from elman.ops.dispatch import BACKENDS, Backend, choose, use_backend

CPU = torch.device("cpu")


@pytest.fixture(params=[None, "this is the pure-Python wheel"], ids=["kernels", "no_kernels"])
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The rule with and without kernels, whatever this installation has."""
    monkeypatch.setattr(dispatch, "_NO_KERNELS", request.param)
    monkeypatch.setattr(dispatch, "_forced", None)
    return request.param


def test_float32_on_the_cpu(missing: str | None) -> None:
    name, reason = choose(torch.float32, CPU)
    assert name == ("reference" if missing else "native")
    assert (missing or "Elman's own kernels") in reason


@pytest.mark.parametrize(
    ("dtype", "device", "options", "reason"),
    [
        (torch.float64, "cpu", {}, "this is torch.float64"),
        (torch.bfloat16, "cpu", {}, "this is torch.bfloat16"),
        (torch.float32, "cuda", {}, "this is on cuda"),
        (torch.float32, "mps", {}, "this is on mps"),
        (torch.float32, "meta", {}, "this is on meta"),
        (torch.float32, "cpu", {"projection": True}, "no projection"),
    ],
)
def test_what_the_kernels_do_not_cover(
    missing: str | None, dtype: torch.dtype, device: str, options: dict[str, bool], reason: str
) -> None:
    choice = choose(dtype, torch.device(device), **options)
    assert choice.name == "torch"
    assert reason in choice.reason
    choice = choose(dtype, torch.device(device), **options, missing_in_torch="GRU that resets before the product")
    assert choice.name == "reference"
    assert reason in choice.reason
    assert "resets before the product" in choice.reason


def test_autocast(missing: str | None) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert choose(torch.float32, CPU) == ("torch", "autocast is on, and Elman's kernels are float32")
        assert choose(torch.float32, torch.device("meta")).name == "torch"


@pytest.mark.parametrize("failing", [torch.bfloat16, torch.float16])
def test_an_lstm_under_autocast_where_torchs_fails(monkeypatch: pytest.MonkeyPatch, failing: torch.dtype) -> None:
    monkeypatch.setattr(dispatch, "_forced", None)
    monkeypatch.setattr(dispatch, "_FAILING_LSTM", {failing})
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype=dtype):
            name, reason = choose(torch.float32, CPU, lstm=True)
            assert (name, str(dtype) in reason) == (("reference", True) if dtype == failing else ("torch", False))
            assert choose(torch.float32, CPU).name == "torch"
            assert choose(torch.float32, torch.device("meta"), lstm=True).name == "torch"
    assert choose(torch.float64, CPU, lstm=True).name == "torch"


@pytest.mark.parametrize("name", BACKENDS)
def test_forced_in_a_with(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(dispatch, "_NO_KERNELS", None)
    before = choose(torch.float32, CPU)
    with use_backend(name):
        assert choose(torch.float32, CPU) == (name, f"forced by use_backend({name!r})")
        with use_backend("reference"):
            assert choose(torch.float32, CPU).name == "reference"
        assert choose(torch.float32, CPU).name == name
    assert choose(torch.float32, CPU) == before


def test_none_lifts_what_is_forced(missing: str | None) -> None:
    before = choose(torch.float64, CPU)
    with use_backend("reference"), use_backend(None):
        assert choose(torch.float64, CPU) == before


def test_lifted_after_an_error(missing: str | None) -> None:
    with pytest.raises(RuntimeError, match="inside"), use_backend("reference"):
        raise RuntimeError("inside")
    assert choose(torch.float64, CPU).name == "torch"


def test_native_forced_where_it_cannot_run(missing: str | None) -> None:
    with use_backend("native"):
        with pytest.raises(InputError, match=r"use_backend\('native'\) asks for .* cannot run here: .*torch.float64"):
            choose(torch.float64, CPU)
        if missing:
            with pytest.raises(InputError, match=missing):
                choose(torch.float32, CPU)
        layer = elman.LSTM(3, 4, proj_size=2)
        with pytest.raises(InputError, match="no projection"):
            layer(torch.zeros(2, 2, 3))


def test_torch_forced_where_it_cannot_run() -> None:
    layer = elman.GRU(3, 4, reset_after=False)
    with use_backend("torch"), pytest.raises(InputError, match="has no GRU that resets before the product"):
        layer(torch.zeros(2, 2, 3))


def test_an_unknown_backend() -> None:
    with pytest.raises(InputError, match="expected one of native, reference, torch; got 'cuda'"), use_backend("cuda"):
        pytest.fail("entered")


def test_a_backend_is_its_name_with_a_reason() -> None:
    backend = Backend("native", "because")
    assert backend == "native"
    assert backend in BACKENDS
    assert (backend.reason, repr(backend)) == ("because", "<native: because>")


def test_a_layer_says_where_it_runs() -> None:
    layer = elman.GRU(3, 4)
    assert layer.backend in ("native", "reference")
    assert layer.backend.reason
    assert layer.double().backend == "torch"
    assert layer.to("meta").backend.reason == "Elman's kernels run on the CPU, and this is on meta"
    assert elman.LSTM(3, 4, proj_size=2).backend == "torch"
    assert elman.GRUCell(3, 4, reset_after=False).double().backend == "reference"


def test_the_environment_forces_one_and_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read when the module is imported: here once more, beside the one in use."""
    spec = importlib.util.find_spec("elman.ops.dispatch")
    monkeypatch.setenv("ELMAN_BACKEND", "reference")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.choose(torch.float32, CPU) == ("reference", "forced by ELMAN_BACKEND")
    monkeypatch.setenv("ELMAN_BACKEND", "fast")
    with pytest.raises(InputError, match="ELMAN_BACKEND: expected one of native, reference, torch; got 'fast'"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
