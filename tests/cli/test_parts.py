"""`elman predict` on a pattern of files: what one call predicts for each, in several processes, once and no more."""

import multiprocessing
import os
import threading
import time

import pytest

import elman
from elman.cli import main
from elman.models import parts
from elman.models.parts import MANIFEST

ROWS = 40


def rows(part):
    words = ("good", "bad", "long", "short")
    return "".join(f"a {words[n % 4]} film {'and ' * (n % 3)}{part},{'ab'[n % 2]}\n" for n in range(ROWS))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    (folder / "t.csv").write_text("text,label\n" + rows(0) * 3)
    small = ["--hidden-size", "4", "--embedding-dim", "4", "--epochs", "1", "--validation-fraction", "0.2"]
    assert main(["train", "classify", str(folder / "t.csv"), "-o", str(folder / "m.safetensors"), *small]) == 0
    return folder / "m.safetensors"


@pytest.fixture
def folder(trained, tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").symlink_to(trained)
    (tmp_path / "in").mkdir()
    for part in range(3):
        (tmp_path / "in" / f"part-{part}.csv").write_text("text,label\n" + rows(part))
    return tmp_path


def predict(*more, pattern="in/part-*.csv", workers="1"):
    return main(["predict", "m.safetensors", pattern, "-o", "out", "--workers", workers, *more])


def done_before(said):
    return [line.split(":")[0] for line in said.splitlines() if line.endswith(", done before")]


def test_two_processes_write_what_one_call_writes_for_each(folder, capsys):
    assert predict(workers="2") == 0
    lines = [f"out/part-{n}.csv: {ROWS} predictions" for n in range(3)]
    assert capsys.readouterr().out.splitlines() == [*lines, f"out: 3 parts, {3 * ROWS} predictions"]
    for part in range(3):
        assert main(["predict", "m.safetensors", f"in/part-{part}.csv", "-o", "one.csv"]) == 0
        assert (folder / "out" / f"part-{part}.csv").read_bytes() == (folder / "one.csv").read_bytes()
    assert sorted(path.name for path in (folder / "out").iterdir() if path.name[0] != ".") == [
        "part-0.csv",
        "part-1.csv",
        "part-2.csv",
    ]


def test_only_what_has_changed_is_predicted_again(folder, trained, capsys):
    assert predict() == 0
    assert predict() == 0
    assert len(done_before(capsys.readouterr().out)) == 3
    (folder / "in" / "part-1.csv").write_text("text,label\n" + rows(7))  # of the same size
    (folder / "out" / "part-2.csv").unlink()
    assert predict() == 0
    assert done_before(capsys.readouterr().out) == ["out/part-0.csv"]
    with (folder / "out" / MANIFEST).open("a") as file:
        file.write('{"part": "part-0.c')  # as a power failure leaves it
    assert predict() == 0
    assert len(done_before(capsys.readouterr().out)) == 3
    (folder / "m.safetensors").unlink()
    elman.load(trained).set_params(seed=1).save(folder / "m.safetensors")
    assert predict() == 0
    assert done_before(capsys.readouterr().out) == []


def test_a_killed_process_costs_its_part_alone(folder, capsys):
    (folder / "in" / "part-1.csv").write_text("text,label\n" + rows(1) * 600)
    children = []

    def kill():
        manifest = folder / "out" / MANIFEST
        while not manifest.exists() or "part-" not in manifest.read_text():
            time.sleep(0.01)
        children.extend(multiprocessing.active_children())
        children[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    assert predict(workers="2") == 1
    killer.join()
    error = capsys.readouterr().err
    assert error.startswith("elman: workers: a process was killed, as where memory is short: the parts that are done")
    assert error.count("\n") == 1
    for child in children:
        child.join(60)
        assert not child.is_alive()
    assert predict() == 0
    assert 1 <= len(done_before(capsys.readouterr().out)) <= 2
    assert not [path for path in (folder / "out").iterdir() if path.suffix == ".tmp"]


def test_a_bad_part_is_named_and_the_others_are_kept(folder, capsys):
    (folder / "in" / "part-1.csv").write_text("words,label\nx,a\n")
    for workers in ("1", "2"):
        assert predict(workers=workers) == 1
        error = capsys.readouterr().err
        assert "in/part-1.csv: " in error
        assert error.count("\n") == 1
        assert not (folder / "out" / "part-1.csv").exists()
    assert (folder / "out" / "part-0.csv").exists()


def changing(monkeypatch, change):
    """Do something to the parts while the first one is read."""
    real, once = parts.write_predictions, [change]

    def write(*arguments):
        while once:
            once.pop()()
        return real(*arguments)

    monkeypatch.setattr(parts, "write_predictions", write)


def test_parts_that_change_meanwhile_are_one_line(folder, monkeypatch, capsys):
    changing(monkeypatch, lambda: (folder / "in" / "part-9.csv").write_text("text,label\n" + rows(9)))
    assert predict() == 1
    assert capsys.readouterr().err == (
        "elman: in/part-*.csv: parts changed meanwhile: part-9.csv: run the same command again when nothing changes "
        "the parts; those that are done are kept\n"
    )
    changing(monkeypatch, lambda: (folder / "in" / "part-9.csv").write_text("text,label\nshorter,a\n"))
    assert predict() == 1
    assert "in/part-9.csv: changed while it was read: run the same" in capsys.readouterr().err
    assert not (folder / "out" / "part-9.csv").exists()
    changing(monkeypatch, (folder / "in" / "part-0.csv").unlink)
    assert predict() == 1
    assert "parts changed meanwhile: part-0.csv: run" in capsys.readouterr().err
    assert predict() == 0
    assert done_before(capsys.readouterr().out) == ["out/part-1.csv", "out/part-2.csv", "out/part-9.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in/no-*.csv", "-o", "out"], "in/no-*.csv: no file has such a name: give another pattern"),
        (["in/part-*.csv", "-o", "in"], "this file is an input of this command as well: choose another folder"),
        (["*/part-*.csv", "-o", "out"], "out/part-0.csv: two parts have this name: give a pattern of one folder"),
        (["in/part-*.csv", "-o", "out", "--workers", "0"], "workers: expected 1 or more, got 0"),
        (["in/part-0.csv", "-o", "o.csv", "--workers", "2"], "--workers: one file is read by one process: give a pat"),
        (["in/part-*.csv", "-o", "out", "--beam", "2"], "beam: only a translator or a captioner searches for texts"),
        (["in/part-*.csv", "-o", "m.safetensors"], "this file is an input of this command as well"),
    ],
)
def test_a_mistake_is_one_line(folder, refused, words, said):
    (folder / "in2").mkdir()
    (folder / "in2" / "part-0.csv").write_text("text,label\n")
    before = {path: path.read_bytes() for path in (folder / "in").iterdir()}
    refused(folder, ["predict", "m.safetensors", *words], said)
    assert {path: path.read_bytes() for path in (folder / "in").iterdir()} == before


def test_two_commands_at_one_folder_are_refused(folder, capsys):
    (folder / "out").mkdir()
    with parts.Lock(folder / "out" / parts._LOCK, "busy"):
        assert predict() == 1
    assert "out: another process predicts here: wait for its end" in capsys.readouterr().err


def test_texts_and_tagged_files_have_outputs_of_their_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = elman.TextGenerator(hidden_size=4, num_layers=1, batch_size=2, k1=8, epochs=1)
    generator.fit("to be. " * 40).save("g.safetensors")
    tagger = elman.SequenceTagger(hidden_size=4, embedding_dim=4, epochs=1)
    sequences = "".join(f"a\tx\n{'b' * (n % 2 + 1)}\ty\n\n" for n in range(30))
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text("to be.\nto be.\n")
        (tmp_path / name).with_suffix(".conll").write_text(sequences)
    tagger.fit("one.conll").save("t.safetensors")
    assert main(["predict", "g.safetensors", "*.txt", "-o", "texts", "--workers", "1"]) == 0
    assert main(["predict", "t.safetensors", "*.conll", "-o", "tags", "--workers", "1"]) == 0
    found = [sorted(path.name for path in (tmp_path / name).glob("[!.]*")) for name in ("tags", "texts")]
    assert found == [["one.conll", "two.conll"], ["one.txt.csv", "two.txt.csv"]]
    assert os.path.getsize("tags/one.conll") > len(sequences)
