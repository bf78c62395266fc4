"""The command line through its real entry: what it prints, what it returns, what it leaves."""

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
import typer

import elman
from elman import kernels
from elman.cli import main
from elman.models.caption.options import CaptionerOptions
from elman.models.classify.options import ClassifierOptions
from elman.models.forecast.options import ForecasterOptions
from elman.models.generate.options import TextOptions
from elman.models.tag.options import TaggerOptions
from elman.models.translate.options import TranslatorOptions
from elman.models.vectors.options import FeedForwardOptions
from elman.ops.dispatch import use_backend
from elman.options import PythonOnly, Zero, declared

TEXT = "to be, or not to be, that is the question.\n" * 30
TINY = [
    "--hidden-size",
    "16",
    "--num-layers",
    "1",
    "--embedding-dim",
    "8",
    "--batch-size",
    "4",
    "--k1",
    "16",
    "--epochs",
    "2",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a text and a model trained on it."""
    place = tmp_path_factory.mktemp("cli")
    (place / "text.txt").write_text(TEXT)
    assert main(["train", "text", str(place / "text.txt"), "-o", str(place / "m.safetensors"), *TINY]) == 0
    return place


def python(code, *arguments):
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "text", "--help"], ["generate", "--help"], []])
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys; from elman.cli import main; main(sys.argv[1:]);"
        "heavy = 'torch', 'numpy', 'matplotlib', 'safetensors', 'sklearn', 'pandas', 'narwhals';"
        "print([m for m in heavy if m in sys.modules])"
    )
    assert python(code, *words).stdout.splitlines()[-1] == "[]"


def test_every_option_is_documented_and_means_what_the_library_means():
    from elman.cli.app import app

    group = typer.main.get_command(app)
    commands = dict(group.commands) | {"train text": group.commands["train"].commands["text"]}
    for name, command in commands.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, (name, parameter.name)


JOBS = {
    "train text": TextOptions,
    "train classify": ClassifierOptions,
    "train translate": TranslatorOptions,
    "train caption": CaptionerOptions,
    "train tag": TaggerOptions,
    "train vectors": FeedForwardOptions,
    "forecast": ForecasterOptions,
}


@pytest.mark.parametrize("words", JOBS)
def test_every_declared_option_is_on_the_command_line_with_its_default(words):
    from elman.cli.app import app

    command = typer.main.get_command(app)
    for word in words.split():
        command = command.commands[word]
    shown = {parameter.name: parameter.default for parameter in command.params}
    for option in declared(JOBS[words]):
        if PythonOnly in option.marks:
            assert option.name not in shown
        else:
            default = 0.0 if option.mark(Zero) and option.default is None else option.default
            assert shown[option.name] == default, option.name


def test_training_says_what_it_reached_and_leaves_its_files(folder, capsys):
    out = folder / "again.safetensors"
    assert (
        main(
            ["train", "text", str(folder / "text.txt"), "-o", str(out), *TINY, "--embedding-dim", "0", "--clip", "0.01"]
        )
        == 0
    )
    said = capsys.readouterr().out
    for part in ("to beat: uniform", "bigram", "held out", "bits/char", "clipped in 100.0% of", "again.loss.png"):
        assert part in said
    assert elman.load(out).embedding_dim is None
    lines = [json.loads(line) for line in (folder / "again.metrics.jsonl").read_text().splitlines()]
    assert lines[0]["event"] == "begin"
    assert lines[-1]["event"] == "evaluation"


def test_a_long_text_ends_with_its_speed_on_a_terminal(folder, capsys, monkeypatch):
    words = ["generate", str(folder / "m.safetensors"), "--length", "2000"]
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(words) == 0
    assert re.fullmatch(r"[0-9,]+ characters a second\n", capsys.readouterr().err)


@pytest.mark.skipif(not kernels.available(), reason="without kernels there is float32 alone")
def test_a_precision_that_does_not_run_here_is_named(folder, capsys):
    path = folder / "network.safetensors"
    elman.TextGenerator(hidden_size=8, num_layers=1, epochs=1, answer="network").fit(TEXT).save(path)
    words = ["generate", str(path), "--length", "100"]
    before = kernels.instruction_set()
    kernels.use_instruction_set("portable")
    try:
        assert main(words) == 0
        exact = capsys.readouterr()
        assert main([*words, "--precision", "int8"]) == 0
        got = capsys.readouterr()
    finally:
        kernels.use_instruction_set(before)
    assert exact.err == ""
    assert got.err.startswith("note: int8 needs products of 8-bit integers")
    assert got.out == exact.out


def test_generate_streams_samples(folder, capsys):
    words = ["generate", str(folder / "m.safetensors"), "--prompt", "to be", "--length", "20"]
    assert main(words) == 0
    one = capsys.readouterr().out
    assert one.startswith("to be")
    assert len(one) == len("to be") + 20 + 1
    assert main([*words, "--samples", "3"]) == 0
    many = capsys.readouterr().out
    assert many.startswith(one.rstrip("\n"))
    assert many.count("to be") >= 3


def test_info_says_what_runs(capsys):
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    assert f"elman     {elman.__version__}" in said
    here = f"native, {kernels.instruction_set()}" if kernels.available() else f"reference: {kernels.why_not()}"
    assert f"kernels   {here}" in said
    with use_backend("reference"):
        main(["info"])
    assert "kernels   reference: forced by use_backend('reference')" in capsys.readouterr().out


def test_the_demo_leaves_a_model_and_says_what_to_try_next(tmp_path, capsys):
    (tmp_path / "t.txt").write_text(TEXT * 20)
    out = tmp_path / "demo"
    assert main(["demo", "--file", str(tmp_path / "t.txt"), "--minutes", "0.01", "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert {p.name for p in out.iterdir()} == {
        "model.safetensors",
        "checkpoint.safetensors",
        "metrics.jsonl",
        "loss.png",
    }
    tries = said.split("Try next:")[1].split("\n  ")[1:]
    assert len(tries) == 3
    assert main(tries[0].split()[1:]) == 0


def broken(path, change):
    other = path.with_name("broken.safetensors")
    other.write_bytes(change(path.read_bytes()))
    return str(other)


def train(folder, *more, text="text.txt", out="x.safetensors"):
    return ["train", "text", str(folder / text), "-o", str(folder / out), *TINY, *more]


def written(folder, name, data):
    (folder / name).write_bytes(data)
    return name


BAD = {
    "missing text": (lambda f: train(f, text="nowhere.txt"), "nowhere.txt: no such file"),
    "text is a folder": (lambda f: train(f, text="."), "cannot be read"),
    "empty text": (lambda f: train(f, text=written(f, "e.txt", b"")), "e.txt: the text is empty"),
    "short text": (lambda f: train(f, text=written(f, "s.txt", b"ab")), "s.txt: too short: 2 characters"),
    "not UTF-8": (lambda f: train(f, text=written(f, "b.txt", b"abc\xff")), "byte 0xff at offset 3"),
    "errors": (lambda f: train(f, "--errors", "ignore"), "errors: expected strict or replace"),
    "folder as output": (lambda f: train(f, out="."), "a folder is there, not a file"),
    "output in a file": (lambda f: train(f, out="text.txt/x.safetensors"), "cannot be written"),
    "output nowhere": (lambda f: train(f, out="/proc/nowhere/x"), "cannot be written"),
    "hidden_size": (
        lambda f: train(f, "--hidden-size", "0"),
        "hidden_size: should be greater than or equal to 1, got 0",
    ),
    "rate": (lambda f: train(f, "--learning-rate", "-1"), "learning_rate: should be greater than 0, got -1.0"),
    "dropout": (lambda f: train(f, "--dropout", "1"), "dropout: should be less than 1"),
    "cell": (lambda f: train(f, "--cell", "mlp"), "cell: should be rnn, gru or lstm, got 'mlp'"),
    "k2": (lambda f: train(f, "--k2", "3"), "k2: expected k1 = 16 or more, got 3"),
    "clip": (lambda f: train(f, "--clip", "-2"), "clip: should be greater than 0"),
    "validation_fraction": (
        lambda f: train(f, "--validation-fraction", "1"),
        "validation_fraction: should be less than 1",
    ),
    "optimizer": (lambda f: train(f, "--optimizer", "lion"), "optimizer: should be adam, sgd or rmsprop"),
    "seed": (lambda f: train(f, "--seed", "-1"), "seed: should be greater than or equal to 0"),
    "checkpoint seconds": (lambda f: train(f, "--checkpoint-seconds", "-1"), "checkpoint_seconds: expected 0 or more"),
    "other configuration": (
        lambda f: train(f, "--resume", "--hidden-size", "17", out="m.safetensors"),
        "hidden_size was 16, is 17",
    ),
    "foreign file": (lambda f: ["generate", str(f / "text.txt")], "not a model file"),
    "missing model": (lambda f: ["generate", str(f / "none")], "no such file"),
    "checkpoint as model": (lambda f: ["generate", str(f / "m.checkpoint.safetensors")], "got a checkpoint file"),
    "truncated": (
        lambda f: ["generate", broken(f / "m.safetensors", lambda d: d[:-9])],
        "9 bytes are missing",
    ),
    "altered": (lambda f: ["generate", broken(f / "m.safetensors", lambda d: d[:-1] + b"\x7f")], "was altered"),
    "prompt": (lambda f: ["generate", str(f / "m.safetensors"), "--prompt", "Zoë"], "'Z' (U+005A), 'ë' (U+00EB)"),
    "temperature": (lambda f: ["generate", str(f / "m.safetensors"), "--temperature", "-1"], "temperature: expected 0"),
    "top_p": (lambda f: ["generate", str(f / "m.safetensors"), "--top-p", "0"], "top_p: expected more than 0"),
    "top_k": (lambda f: ["generate", str(f / "m.safetensors"), "--top-k", "0"], "top_k: expected 1 or more"),
    "length": (
        lambda f: ["generate", str(f / "m.safetensors"), "--length", "-3"],
        "length: expected 0 or more",
    ),
    "samples": (lambda f: ["generate", str(f / "m.safetensors"), "--samples", "0"], "samples: expected 1 or more"),
    "precision": (
        lambda f: ["generate", str(f / "m.safetensors"), "--precision", "int4"],
        "precision: expected float32, bfloat16, int8, got 'int4'",
    ),
    "stop": (lambda f: ["generate", str(f / "m.safetensors"), "--stop", ""], "stop: expected a string"),
    "demo minutes": (lambda f: ["demo", "--minutes", "0", "-o", str(f / "d")], "minutes: should be greater than 0"),
    "demo text": (lambda f: ["demo", "--file", str(f / "none"), "-o", str(f / "d")], "none: no such file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_line_and_loses_nothing(folder, refused, case):
    words, message = BAD[case]
    refused(folder, words(folder), message)


def test_debug_shows_the_traceback_wherever_it_stands(folder, capsys):
    for words in (["--debug", "generate", "nowhere"], ["generate", "nowhere", "--debug"]):
        assert main(words) == 1
        error = capsys.readouterr().err
        assert "Traceback" in error
        assert error.splitlines()[-1].startswith("elman: nowhere: no such file")


@pytest.mark.parametrize(
    "words", [["generate"], ["nonsense"], ["train", "text", "a", "--hidden-size", "many", "-o", "b"]]
)
def test_wrong_usage_is_code_2(words, capsys):
    assert main(words) == 2
    assert "Usage" in capsys.readouterr().err


def test_a_full_disk_is_one_line(folder, capsys, monkeypatch):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    from elman.train import metrics

    real = metrics.MetricsFile.__init__

    def full(self, path, length=0):
        real(self, path, length)
        self._file.close()
        self._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115

    monkeypatch.setattr(metrics.MetricsFile, "__init__", full)
    assert main(train(folder, out="full.safetensors")) == 1
    error = capsys.readouterr().err
    assert "full.metrics.jsonl: cannot be written (No space left on device)" in error
    assert error.count("\n") == 1


def test_a_reader_that_leaves_early_hears_no_complaint(folder, capsys, monkeypatch):
    """In this process; in `test_terminal.py` the reader has gone when Python ends."""
    ends = os.pipe()

    def read_a_little():
        with open(ends[0], "rb", buffering=0) as reader:
            reader.read(5)

    monkeypatch.setattr(sys, "stdout", open(ends[1], "w"))  # noqa: SIM115 -- closed below, where that may fail
    leaves = threading.Thread(target=read_a_little)
    leaves.start()
    code = main(["generate", str(folder / "m.safetensors"), "--length", "100000"])  # more than a pipe holds
    leaves.join()
    with suppress(BrokenPipeError):
        sys.stdout.close()
    assert (code, capsys.readouterr().err) == (141, "")
