"""The callbacks of a training: several at once, a progress bar in a notebook, files for TensorBoard."""

import sys
import types

import pytest

import elman
from elman.cli import main
from elman.errors import InputError
from elman.train import Counters, TensorBoard

X, Y = [[n % 5, n % 3] for n in range(60)], [n % 2 for n in range(60)]


def fit(callback=None, **options):
    return elman.FeedForward(hidden_size=4, epochs=3, batch_size=4, **options).fit(X, Y, callback=callback)


class Seen(elman.Callback):
    def __init__(self, ends=None):
        self.calls, self.ends = [], ends

    def on_start(self, plan, counters):
        self.calls.append("start")

    def on_evaluation(self, progress):
        self.calls.append(progress.counters.validation)

    def on_end(self, counters):
        self.calls.append("end")
        if self.ends:
            raise self.ends


def test_each_of_several_callbacks_is_called():
    first, second = Seen(), Seen()
    model = fit([first, second])
    assert first.calls == second.calls
    assert (first.calls[0], len(first.calls), first.calls[-1]) == ("start", 5, "end")
    assert min(first.calls[1:4]) == model.progress_.best


def test_all_are_ended_where_one_raises():
    first, second = Seen(ValueError("first")), Seen()
    with pytest.raises(ValueError, match="first"):
        fit([first, second])
    assert second.calls[-1] == "end"


def test_an_exception_of_a_callback_ends_the_training():
    class EnoughError(Exception):
        pass

    class Stop(Seen):
        def on_evaluation(self, progress):
            raise EnoughError

    stop = Stop()
    with pytest.raises(EnoughError):
        fit(stop)
    assert stop.calls == ["start", "end"]


@pytest.mark.parametrize("given", [print, [Seen(), print], "bar", 3])
def test_anything_else_is_one_line(given):
    with pytest.raises(InputError, match=r"^callback: expected an elman.Callback or a list of them, got \w+$"):
        fit(given)


@pytest.fixture
def notebook(monkeypatch):
    """A notebook's IPython, as far as it matters: a shell with a kernel, and outputs that can be updated."""
    outputs = []

    class Handle:
        def __init__(self, content):
            self.contents = [content]

        def update(self, content, raw):
            assert raw
            self.contents.append(content)

    def display(content, raw, display_id):
        assert raw
        assert display_id
        outputs.append(Handle(content))
        return outputs[-1]

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    return types.SimpleNamespace(outputs=outputs, shell=shell)


def test_a_notebook_shows_a_bar_by_itself(notebook, monkeypatch, capsys):
    monkeypatch.setattr("elman.train.monitor.SHOW_EVERY", 0.0)
    fit()
    (output,) = notebook.outputs
    first, *between, last = [content["text/html"] for content in output.contents]
    assert '<progress max="1" value="0.000"></progress> 0%' in first
    values = [float(page.split('value="')[1].split('"')[0]) for page in between]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert "<progress" not in last
    assert last.count("epoch ") == 3
    assert "to beat: class frequencies" in output.contents[-1]["text/plain"]
    fit()
    assert len(notebook.outputs) == 2
    fit(elman.Callback())
    assert len(notebook.outputs) == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("where", ["a terminal's IPython", "IPython that does not run", "no IPython"])
def test_nothing_is_shown_elsewhere(notebook, monkeypatch, where, capsys):
    if where == "a terminal's IPython":
        del notebook.shell.kernel
    elif where == "IPython that does not run":
        sys.modules["IPython"].get_ipython = lambda: None
    else:
        monkeypatch.delitem(sys.modules, "IPython")
    fit()
    assert notebook.outputs == []
    assert capsys.readouterr() == ("", "")


def scalars(folder):
    """The values in the files of a folder, as TensorBoard reads them: by name, the steps and values."""
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(folder))
    found.Reload()
    return {name: [(one.step, one.value) for one in found.Scalars(name)] for name in found.Tags()["scalars"]}


def test_tensorboard_reads_the_losses(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.setattr("elman.train.monitor.SHOW_EVERY", 0.0)
    seen = Seen()
    fit([TensorBoard(tmp_path / "run"), seen], learning_rate=0.25)
    found = scalars(tmp_path / "run")
    steps = [14, 28, 42]
    assert [step for step, _ in found["loss/held out"]] == steps
    assert [loss for _, loss in found["loss/held out"]] == pytest.approx(seen.calls[1:4], rel=1e-6)
    assert [step for step, _ in found["loss/training"]] == steps
    assert [step for step, _ in found["loss/update"]] == list(range(1, 43))
    assert {value for _, value in found["learning rate"]} == {0.25}


def test_an_end_without_a_start_is_none(tmp_path):
    pytest.importorskip("tensorboard")
    TensorBoard(tmp_path).on_end(Counters())
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_for_tensorboard(tmp_path, monkeypatch, capsys):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.csv").write_text("x,y,label\n" + "".join(f"{a},{b},{c}\n" for (a, b), c in zip(X, Y, strict=True)))
    words = "train vectors v.csv -o m.safetensors --hidden-size 4 --epochs 2 --tensorboard runs/one".split()  # noqa: SIM905
    assert main(words) == 0
    assert len(scalars("runs/one")["loss/held out"]) == 2
    assert main([*words[:4], "n.safetensors", "--tensorboard", "v.csv"]) == 1
    assert "this file is an input of this command as well" in capsys.readouterr().err
