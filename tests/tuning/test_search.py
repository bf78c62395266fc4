"""A search finds what a training with its options reaches, goes on where it stopped, and refuses other files."""

import json
import shutil

import pytest
from tests.contract_models.registry import CASES, vectors

import elman
from elman.errors import DataError, InputError, TrainingError
from elman.tuning import worker

X, Y = vectors()
OPTIONS = ["hidden_size", "learning_rate"]
pytestmark = pytest.mark.usefixtures("one_thread")


def small(**more):
    return elman.FeedForward(epochs=2, **more)


def searched(path, trials, model=None, options=OPTIONS, **more):
    return elman.search(model or small(), X, Y, storage=path, trials=trials, options=options, **more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.log"
    return path, searched(path, 6)


def test_the_loss_of_a_trial_is_that_of_a_training_with_its_options(finished):
    _, found = finished
    for trial in found.trials[:3]:
        model = small().set_params(**trial.options).fit(X, Y)
        assert model.progress_.best == trial.loss
    assert found.best.loss == min(trial.loss for trial in found.trials if not trial.pruned)
    assert found.options == found.best.options


def test_the_first_trial_has_the_defaults(finished):
    assert finished[1].trials[0].options == {"hidden_size": 128, "learning_rate": 0.002}


def test_a_search_that_goes_on_tries_what_an_unbroken_one_does(finished, tmp_path):
    path = tmp_path / "study.log"
    seen = []
    for trials in (2, 3, 6):
        found = searched(path, trials, on_trial=seen.append)
        assert len(found.trials) == trials
    assert [t.options for t in found.trials] == [t.options for t in finished[1].trials]
    assert [t.number for t in seen] == [0, 1, 0, 1, 2, 0, 1, 2, 3, 4, 5]
    before = path.read_bytes()
    assert searched(path, 4).best == found.best
    assert path.read_bytes() == before


def test_plots_are_files(finished, tmp_path):
    files = finished[1].save_plots(tmp_path / "new" / "plots")
    assert [file.name for file in files] == ["history.png", "options.png", "importance.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


@pytest.mark.parametrize("case", CASES)
def test_every_estimator_can_be_searched(case, tmp_path):
    model = CASES[case].make(epochs=1)
    found = elman.search(model, *CASES[case].data(), storage=tmp_path / "s", trials=2, options=["learning_rate"])
    assert [trial.loss is not None for trial in found.trials] == [True, True]
    assert not hasattr(model, "network_")


def test_a_classifier_of_few_rows_holds_some_out_in_a_trial(tmp_path):
    X, y = CASES["classifier of texts"].data()
    model = elman.SequenceClassifier(epochs=1, hidden_size=4)
    found = elman.search(model, X, y, storage=tmp_path / "s", trials=1, options=["dropout"])
    assert found.study.user_attrs["options"]["validation_fraction"] == 0.2


def test_options_that_diverge_or_do_not_agree_count_as_pruned_with_the_reason(tmp_path):
    model = small(optimizer="sgd", clip=None, batch_size=1, minutes=0.001)
    found = searched(tmp_path / "s", 6, model, ["schedule"])
    notes = {t.options["schedule"]: t.note for t in found.trials}
    assert {name for name, note in notes.items() if "has to know where training ends" in note} <= {"cosine", "linear"}
    assert any(notes.values())
    overflowing = small(optimizer="sgd", learning_rate=100.0, weight_decay=10.0, batch_size=2, clip=None)
    with pytest.raises(TrainingError, match=r"search: none of 1 trials got a result: training stopped"):
        searched(tmp_path / "t", 1, overflowing, ["dropout"])


def test_a_poor_trial_is_stopped_early(tmp_path):
    model = elman.FeedForward(epochs=8, optimizer="sgd", momentum=0.0)
    found = searched(tmp_path / "s", 10, model, ["learning_rate"])
    stopped = [t for t in found.trials if t.pruned]
    steps = [len(trial.intermediate_values) for trial in found.study.trials]
    assert stopped
    assert all(steps[t.number] < 8 for t in stopped)
    assert all(steps[t.number] == 8 for t in found.trials if not t.pruned)


def refused(path, said, **more):
    before = path.read_bytes()
    with pytest.raises((InputError, DataError)) as caught:
        searched(**{"path": path, "trials": 9} | more)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"text,label\nGood.,positive\n",
            "not a study of a search: expected a file that `elman search` wrote, got ano",
        ),
        (b"\x00\xff\xfe" * 50, "got another kind of file: choose another storage"),
        (b"{}\n", "got another kind of file"),
        (b"[" * 5000, "got another kind of file"),
        (b'{"op_code":0,"worker_id":"a","study_name":"mine","directions":[1]}\n', "got another program's study"),
    ],
)
def test_a_file_that_is_no_study_is_refused_and_kept(tmp_path, content, said):
    path = tmp_path / "study.log"
    path.write_bytes(content)
    refused(path, said)


def test_a_study_of_another_search_is_refused_and_kept(finished, tmp_path):
    path = shutil.copy(finished[0], tmp_path / "study.log")
    refused(path, "a search of other options: expected dropout, got hidden_size, learning_rate", options=["dropout"])
    refused(path, "a search with other options: batch_size: expected 9, got 64", model=small(batch_size=9))
    with pytest.raises(InputError, match="a search on other data: expected those of this file: choose another storage"):
        elman.search(small(), X + 1, Y, storage=path, options=OPTIONS)
    with pytest.raises(InputError, match="a search of another job: expected window-mlp, got feed-forward"):
        elman.search(elman.WindowMLP(epochs=1), ["a b", "b a"] * 20, Y, storage=path, options=OPTIONS)


def test_a_damaged_study_is_one_line(finished, tmp_path):
    lines = finished[0].read_bytes().splitlines(keepends=True)
    path = tmp_path / "study.log"
    path.write_bytes(b"".join([*lines[:5], b"garbage\n", *lines[5:]]))
    refused(path, "a damaged study (")


def test_a_line_that_was_cut_off_is_mended(finished, tmp_path):
    path = tmp_path / "study.log"
    path.write_bytes(finished[0].read_bytes() + b'{"op_code":4,"wor')
    assert len(searched(path, 7).trials) == 7
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"trials": 0}, "trials: expected 1 or more, got 0"),
        ({"workers": 0}, "workers: expected 1 or more, got 0"),
        ({"options": ["seed"]}, "'seed': an option that cannot be searched"),
        ({"model": small(validation_fraction=0)}, "validation_fraction: a search compares held-out losses"),
    ],
)
def test_bad_arguments_leave_no_file(tmp_path, more, said):
    with pytest.raises(InputError, match=said):
        searched(**{"path": tmp_path / "study.log", "trials": 1} | more)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_the_trial_to_be_run_again(tmp_path, monkeypatch):
    path, real = tmp_path / "study.log", worker.Pruning.on_evaluation

    def stop(self, progress):
        if self._trial.number == 1:
            raise KeyboardInterrupt
        real(self, progress)

    with monkeypatch.context() as patch:
        patch.setattr(worker.Pruning, "on_evaluation", stop)
        with pytest.raises(KeyboardInterrupt):
            searched(path, 3)
    found = searched(path, 3)
    assert len(found.trials) == 3
    trials = found.study.trials
    assert [t.state.name for t in trials][:2] == ["COMPLETE", "FAIL"]
    assert trials[1].params in [t.params for t in trials[2:]]
