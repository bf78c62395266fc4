"""The claims of the pages in docs/studies hold over several seeds, with the functions of the scripts themselves at
sizes that take a moment. That the scripts print what the pages show is tests/test_examples.py's.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from elman.bptt import Clip

# One seed in every run; the others where there is time, `-m study`.
SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.study) for seed in (0, 2))]
pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLES = Path(__file__).parents[2] / "examples"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_the_shared_gradient_is_the_sum_of_the_copies(cell, seed):
    worst, shares = script("bp_and_bptt").compare(cell, seed)
    assert set(worst) == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    assert max(worst.values()) < 1e-10
    assert shares[0] == 0
    assert shares[1] < 0.03 * shares[-1]


def test_one_copy_left_out_is_seen(monkeypatch):
    study = script("bp_and_bptt")
    whole = study.untied
    monkeypatch.setattr(study, "untied", lambda *arguments: whole(*arguments)[:-1])
    worst, _ = study.compare("GRU")
    assert min(worst.values()) > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_recurrent_network_reads_order_at_every_length(seed):
    found, _ = script("order_matters").study(seed, epochs=4)
    bag, window, padded, recurrent = found.values()
    assert bag[1:] == (0.5, 0.5)  # both sentences of a pair get one answer
    assert 0.6 < window[1] < 0.97
    assert window[2] == 0.5
    assert padded[1] > 0.97
    assert padded[2] < 0.5
    assert recurrent[1] > 0.97
    assert recurrent[2] > max(0.7, padded[2] + 0.2)
    assert padded[0] > 2 * recurrent[0]


def test_padding_that_is_read_moves_the_state():
    study = script("order_matters")
    torch.manual_seed(0)
    reader = study.Reader()
    assert study.padded_state(reader, [0, 1, 2], 0) == 0
    assert study.padded_state(reader, [0, 1, 2], 10) > 0.1


@pytest.mark.parametrize("seed", [0, 1])
def test_open_gates_keep_the_gradient_that_others_lose(seed):
    study = script("vanishing_and_exploding")
    torch.manual_seed(seed)
    flows = {name: study.norms_by_lag(study.recurrent(name, 9)) for name in study.NETWORKS}
    left = {name: norms[-1] / norms[0] for name, norms in flows.items()}
    assert max(left[name] for name in ("RNN", "LSTM", "GRU")) < 1e-6
    assert min(left[name] for name in study.NETWORKS if name.endswith("open")) > 0.05


def test_open_gates_recall_what_half_open_ones_cannot():
    study = script("vanishing_and_exploding")
    assert study.recalled("GRU, gates open", 40, seed=1, updates=150) > 0.9
    assert study.recalled("GRU", 40, seed=1, updates=150) < 0.3


@pytest.mark.study
@pytest.mark.parametrize("threads", [1, 2])
def test_the_copy_problem_separates_the_cells(threads):
    study = script("vanishing_and_exploding")
    found = {name: study.medians(name, threads, seeds=5, updates=300) for name in study.NETWORKS}
    assert min(near for near, _ in found.values()) > 0.9
    assert max(found[name][1] for name in ("RNN", "LSTM", "GRU")) < 0.3
    assert min(found[name][1] for name in study.NETWORKS if name.endswith("open")) > 0.9


@pytest.mark.parametrize("seed", [0, 1])
def test_a_tanh_takes_back_what_a_radius_above_one_adds(seed):
    study = script("vanishing_and_exploding")
    torch.manual_seed(seed)
    left = {}
    for name in ("orthogonal x 0.9", "orthogonal", "orthogonal x 1.1"):
        norms = study.norms_by_lag(study.with_matrix(name), scale=0.1)
        left[name] = norms[-1] / norms[0]
    assert left["orthogonal x 0.9"] < 0.9**study.FAR < 0.01
    assert left["orthogonal x 0.9"] < left["orthogonal"] < left["orthogonal x 1.1"] < 1.1**study.FAR / 10


@pytest.mark.parametrize(
    ("seed", "updates"), [(1, 300), *(pytest.param(seed, 600, marks=pytest.mark.study) for seed in (0, 2))]
)
def test_clipping_lets_a_network_learn_that_explodes_without(seed, updates):
    study = script("vanishing_and_exploding")
    lost, norm = study.summed("SGD", Clip(), seed)
    assert lost.startswith("no number from update")
    assert norm > 100
    unclipped, clipped = (
        float(study.summed("Adam", clip, seed, updates)[0].split()[-1]) for clip in (Clip(), Clip(norm=1.0))
    )
    assert clipped < 0.05 < 0.1 < unclipped


@pytest.mark.parametrize("seed", SEEDS)
def test_carried_state_knows_what_lies_before_the_window(seed):
    study = script("streams_and_splits")
    most = study.within_reach(seed)
    assert 0.65 < most < 0.8
    assert study.learn_modes(carried=False, seed=seed, length=20_000, epochs=2) < most + 0.06
    assert study.learn_modes(carried=True, seed=seed, epochs=3) > 0.93


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_split_foretells_what_cannot_be_foretold(seed):
    study = script("streams_and_splits")
    *_, at_random = study.forecast(True, seed, epochs=30)
    *_, by_time = study.forecast(False, seed, epochs=30)
    assert at_random > 0.4
    assert by_time < 0.1
