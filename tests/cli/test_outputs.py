"""No command replaces what it reads, or a finished model; each number is checked. Over every command that there is."""

import inspect
import os

import pytest
import torch

from elman.cli import main
from elman.cli.app import app
from elman.cli.outputs import MADE, WRITTEN, _parameters, check_outputs, paths_of
from elman.errors import InputError
from elman.models.generate.estimator import TextGenerator
from elman.train.run import RunFiles, forecast_files

READ = {"test", "file", "model", "data", "metrics", "pretrained", "answers", "worksheet", "table"}
"""Names of the parameters whose file is read. A new one has to be written here, or in `WRITTEN`."""
TINY = [
    "--hidden-size",
    "2",
    "--embedding-dim",
    "2",
    "--num-layers",
    "1",
    "--batch-size",
    "2",
    "--k1",
    "8",
    "--epochs",
    "1",
]


def commands(group=app, before=()):
    found = {" ".join((*before, c.name or c.callback.__name__)): c.callback for c in group.registered_commands}
    for sub in group.registered_groups:
        found |= commands(sub.typer_instance, (*before, sub.name))
    return found


COMMANDS = commands()
WRITING = [(name, option) for name, function in COMMANDS.items() for option in paths_of(function)[1]]
NUMERIC = [
    (name, option)
    for name, function in COMMANDS.items()
    for option, (types, _) in _parameters(inspect.unwrap(function)).items()
    if {int, float} & set(types) and bool not in types
]


def test_every_path_of_every_command_is_known_to_be_read_or_written():
    assert len(COMMANDS) > 15
    for name, function in COMMANDS.items():
        assert hasattr(function, "__wrapped__"), f"{name}: add it to a group of elman.cli.outputs.Commands"
        read, written = paths_of(function)
        assert set(read) <= READ, name
        for option, metavar in written.items():
            assert option in WRITTEN, name
            assert metavar in {*MADE, "FILE", None}, name


def values_of(function, **given):
    return dict.fromkeys(_parameters(inspect.unwrap(function))) | given


@pytest.mark.parametrize(("name", "option"), WRITING)
@pytest.mark.parametrize("way", ["same", "spelled", "link", "hard link"])
def test_no_output_is_an_input(tmp_path, name, option, way):
    function = COMMANDS[name]
    source = tmp_path / "in.safetensors"
    source.write_bytes(b"mine")
    other = tmp_path / "other.safetensors"
    if "link" in way:
        (os.link if way == "hard link" else os.symlink)(source, other)
    out = {"same": source, "spelled": tmp_path / ".." / tmp_path.name / source.name}.get(way, other)
    metavar = paths_of(function)[1][option]
    for read in paths_of(function)[0]:
        targets = RunFiles.within(tmp_path).all if metavar == "FOLDER" else [out]
        for target in targets:
            given = {read: target if metavar == "FOLDER" else source, option: tmp_path if metavar == "FOLDER" else out}
            with pytest.raises(InputError, match="of this command as well"):
                check_outputs(function, values_of(function, **given))


@pytest.mark.parametrize("name", [name for name, _ in WRITING if paths_of(COMMANDS[name])[1].get("output") == "MODEL"])
def test_no_file_of_a_run_is_an_input(tmp_path, name):
    model = tmp_path / "m.safetensors"
    files = [*RunFiles.for_model(model).all, *(forecast_files(model) if name == "forecast" else ())]
    for file in files:
        with pytest.raises(InputError, match="of this command as well"):
            check_outputs(COMMANDS[name], values_of(COMMANDS[name], file=file, output=model))
    check_outputs(COMMANDS[name], values_of(COMMANDS[name], file=tmp_path / "m.csv", output=model))


def test_the_run_of_a_model_that_is_read_is_kept(tmp_path):
    for file in RunFiles.for_model(tmp_path / "m.safetensors").all:
        with pytest.raises(InputError, match="of this command as well"):
            check_outputs(
                COMMANDS["diagnose"],
                values_of(COMMANDS["diagnose"], model=tmp_path / "m.safetensors", save=file),
            )


def test_two_files_of_a_run_are_not_one(tmp_path):
    (tmp_path / "m.metrics.jsonl").touch()
    os.link(tmp_path / "m.metrics.jsonl", tmp_path / "m.loss.png")
    given = values_of(COMMANDS["train text"], file=tmp_path / "t", output=tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="another output of this command"):
        check_outputs(COMMANDS["train text"], given)


@pytest.mark.parametrize(("name", "option"), NUMERIC)
def test_a_number_beyond_every_machine_is_one_line(name, option, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = inspect.unwrap(COMMANDS[name])
    types, info = _parameters(function)[option]
    if type(info).__name__ == "ArgumentInfo":
        return
    flag = next((d for d in info.param_decls or () if d.startswith("--")), f"--{option.replace('_', '-')}")
    required = ["x"] * sum(type(i).__name__ == "ArgumentInfo" for _, i in _parameters(function).values())
    required += ["-o", "y.csv"] if "output" in _parameters(function) else []
    required += ["--cell", "rnn"] if name == "exercise" and "--cell" not in required else []
    for bad in ("nan", "inf", "-inf", "1e400") if float in types else (str(10**30), str(-(10**30))):
        code = main([*name.split(), *required, f"{flag}={bad}"])
        error = capsys.readouterr().err
        assert code in (1, 2), (bad, error)
        assert code == 2 or (error.count("\n") == 1 and flag in error), error
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("outputs")
    (place / "t.txt").write_text("to be, or not to be, that is the question.\n" * 8)
    assert main(["train", "text", str(place / "t.txt"), "-o", str(place / "m.safetensors"), *TINY]) == 0
    return place


def test_a_finished_model_is_replaced_on_demand_alone(folder, capsys):
    words = ["train", "text", str(folder / "t.txt"), "-o", str(folder / "m.safetensors"), *TINY]
    before = (folder / "m.safetensors").read_bytes()
    assert main([*words, "--seed", "1"]) == 1
    assert "a finished model is here" in capsys.readouterr().err
    assert (folder / "m.safetensors").read_bytes() == before
    assert main([*words, "--resume"]) == 0
    (folder / "m.checkpoint.safetensors").unlink()
    assert main([*words, "--resume"]) == 1
    assert main([*words, "--seed", "1", "--overwrite"]) == 0
    assert (folder / "m.safetensors").read_bytes() != before


def test_a_link_among_the_files_of_a_run_is_refused(folder, tmp_path, capsys):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    for file in RunFiles.for_model(tmp_path / "n.safetensors").all[1:]:
        file.symlink_to(victim)
        assert main(["train", "text", str(folder / "t.txt"), "-o", str(tmp_path / "n.safetensors"), *TINY]) == 1
        assert "a symbolic link is where" in capsys.readouterr().err
        file.unlink()
    assert victim.read_bytes() == b"mine"


def test_two_trainings_at_one_name_are_refused(folder, tmp_path, capsys):
    files = RunFiles.for_model(tmp_path / "n.safetensors")
    for name in ("n.safetensors", "n"):
        with files.lock():
            for more in ([], ["--resume"], ["--overwrite"]):
                assert main(["train", "text", str(folder / "t.txt"), "-o", str(tmp_path / name), *TINY, *more]) == 1
                assert "another process trains here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("garbage", [None, b"", b"\xff\xfe", b"{", b"[1]\n", b"{}\n", b'{"target": 1}\n', b"[" * 5000])
def test_metrics_that_are_lost_cost_the_picture_alone(folder, tmp_path, capsys, monkeypatch, garbage):
    real, out = TextGenerator._finish, tmp_path / "n.safetensors"

    def lose(self, task):
        real(self, task)
        metrics = RunFiles.for_model(out).metrics
        metrics.unlink()
        if garbage is not None:
            metrics.write_bytes(garbage)

    monkeypatch.setattr(TextGenerator, "_finish", lose)
    assert main(["train", "text", str(folder / "t.txt"), "-o", str(out), *TINY]) == 0
    assert "note: no picture of the losses" in capsys.readouterr().out
    assert out.exists()


def test_a_full_disk_under_the_metrics_is_one_line_and_resumed_to_the_same_bits(folder, tmp_path, capsys, monkeypatch):
    from elman.train import read_container
    from elman.train.metrics import MetricsFile

    out, real = tmp_path / "n.safetensors", MetricsFile.write

    def full(self, **fields):
        if fields.get("step", 0) >= 20:
            os.dup2(os.open("/dev/full", os.O_WRONLY), self._file.fileno())
        real(self, **fields)

    words = ["train", "text", str(folder / "t.txt"), "-o", str(out), *TINY, "--checkpoint-seconds", "0"]
    with monkeypatch.context() as patch:
        patch.setattr(MetricsFile, "write", full)
        assert main(words) == 1
    error = capsys.readouterr().err
    assert "n.metrics.jsonl: cannot be written (No space left on device)" in error
    assert error.count("\n") == 1
    assert main([*words, "--resume"]) == 0
    assert main([*words[:4], str(tmp_path / "whole.safetensors"), *words[5:]]) == 0
    one, other = (read_container(path)[2] for path in (out, tmp_path / "whole.safetensors"))
    assert all(torch.equal(one[name], other[name]) for name in other)
