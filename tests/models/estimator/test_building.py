"""Networks are measured before memory is taken for them."""

import numpy as np
import pytest
import torch
from tests.contract_models.registry import CASES
from torch import nn

import elman
from elman.cli import main
from elman.errors import InputError, ModelFileError, is_out_of_memory
from elman.models.estimator import building
from elman.models.estimator.building import build
from elman.train import RunFiles, read_container, write_container

LARGE = {"hidden_size": 65536, "num_layers": 64}


@pytest.fixture(scope="module")
def generator():
    case = CASES["text generator"]
    return case.make(epochs=1, answer="network").fit(*case.data())


def test_a_network_that_fits_is_made_as_ever():
    torch.manual_seed(3)
    made = build(lambda: nn.LSTM(3, 4))
    torch.manual_seed(3)
    for (_, ours), (_, theirs) in zip(made.named_parameters(), nn.LSTM(3, 4).named_parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_plan_draws_no_numbers(monkeypatch):
    """On the meta device torch would import its compiler for them: a quarter of the start of `elman generate`."""
    devices, real = [], nn.init._no_grad_normal_
    monkeypatch.setattr(nn.init, "_no_grad_normal_", lambda t, *more: devices.append(t.device.type) or real(t, *more))
    made = build(lambda: nn.Embedding(3, 4))
    assert (devices, made.weight.device.type) == (["cpu"], "cpu")


@pytest.mark.parametrize("kind", [kind for kind in CASES if kind != "captioner"])
def test_a_network_beyond_the_limit_is_refused_before_it_is_made(kind):
    with pytest.raises(InputError, match=r"parameters are .* GB, the limit is 2,000,000,000 parameters"):
        CASES[kind].make(**LARGE).fit(*CASES[kind].data())


def test_a_captioner_beyond_the_limit_is_refused_too():
    images, texts = CASES["captioner"].data()
    with pytest.raises(InputError, match="the limit is 2,000,000,000 parameters"):
        elman.Captioner(**LARGE).fit(images, texts)
    with pytest.raises(InputError, match="the limit is 2,000,000,000 parameters"):
        elman.Captioner(**LARGE, encoder=nn.Sequential(nn.Flatten(), nn.Linear(30, 5))).fit(images, texts)


def test_a_network_beyond_the_free_memory_is_refused(monkeypatch, tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 99999999 kB\nMemAvailable:      100 kB\n")
    monkeypatch.setattr(building, "_MEMORY", tmp_path / "meminfo")
    with pytest.raises(InputError, match=r"11 times that is needed, and 0\.0 GB are free: take a smaller hidden"):
        build(lambda: nn.Linear(100, 100))
    assert build(lambda: nn.Linear(10, 10)).weight.device.type == "cpu"
    monkeypatch.setattr(building, "_MEMORY", tmp_path / "nothing")
    build(lambda: nn.Linear(100, 100))


def test_memory_that_runs_out_is_one_line(monkeypatch, tmp_path, capsys):
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    (tmp_path / "a.txt").write_text("to be, or not to be, that is the question.\n" * 20)
    monkeypatch.setattr("elman.train.loop.Loop._update", lambda _: torch.empty(2**60))
    assert (
        main(["train", "text", str(tmp_path / "a.txt"), "-o", str(tmp_path / "m.safetensors"), "--hidden-size", "2"])
        == 1
    )
    assert capsys.readouterr().err.splitlines()[-1].startswith("elman: out of memory: make the network, the batch")


@pytest.mark.parametrize(
    "option", [{"hidden_size": 65536}, {"num_layers": 64}, {"embedding_dim": None}, {"embedding_dim": 65536}]
)
def test_settings_of_a_file_are_compared_with_its_tensors_before_memory_is_taken(
    generator, tmp_path, monkeypatch, option
):
    file = tmp_path / "m.safetensors"
    generator.save(file)
    kind, content, tensors = read_container(file)
    write_container(file, kind, content | {"options": content["options"] | option}, tensors)
    made = []
    real = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    with pytest.raises(ModelFileError, match=r"the tensor '.*': expected|the tensor '.*' is "):
        elman.load(file)
    assert all(tensor.is_meta for tensor in made)


def test_a_file_whose_numbers_are_not_finite_is_refused(tmp_path):
    case = CASES["feed forward"]
    files = RunFiles.within(tmp_path)
    case.make().fit(*case.data(), files=files)
    kind, content, tensors = read_container(files.model)
    name = next(iter(tensors))
    for value in (np.nan, np.inf):
        write_container(files.model, kind, content, tensors | {name: tensors[name] * value})
        with pytest.raises(ModelFileError, match=f"the tensor '{name}': expected finite numbers"):
            elman.load(files.model)
