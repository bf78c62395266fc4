"""What a command prints can neither fail with a traceback nor steer the terminal, and signals end it in one line."""

import io
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from elman import signals
from elman.cli import boundary, main
from elman.cli.boundary import INTERNAL
from elman.cli.terminal import echo, print_grid, print_table
from elman.models.estimator.reports import Grid
from elman.train.progress import Counters, Plan
from elman.train.show import Show

RUN = [sys.executable, "-m", "elman"]
HOSTILE = "a\x1b[31mb\x07\x9b2J\x7f\u202ec"


class Stream(io.TextIOWrapper):
    """Standard output of an encoding, in memory."""

    def __init__(self, encoding, errors="strict"):
        super().__init__(io.BytesIO(), encoding=encoding, errors=errors)

    def text(self):
        return self.buffer.getvalue().decode(self.encoding)


def bare(text):
    """Say whether a text has no control character but newline and tab."""
    return not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in text)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
@pytest.mark.parametrize("words", [["explain", "love-book"], ["--help"], ["explain", "love-book", "--mistakes"]])
def test_what_the_terminal_lacks_is_replaced(monkeypatch, encoding, words):
    out = Stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(words) == 0
    assert sys.stdout is out
    assert out.errors == "strict"
    assert out.text()


def test_the_progress_of_a_training_prints_on_any_terminal(monkeypatch):
    out = Stream("ascii", "replace")
    monkeypatch.setattr(sys, "stdout", out)
    show = Show(aside=lambda: HOSTILE + "\n\u2665")
    show.on_start(Plan("char", "nats/char", {HOSTILE: 2.0}, 3, 1, None), Counters())
    show.on_end(Counters())
    out.flush()
    assert bare(out.text())


def test_no_control_character_of_a_name_is_printed(capsys):
    echo(HOSTILE)
    echo("\x1b[1mbold\x1b[0m\x1b]0;title\x07", styled=True)
    plain, styled = capsys.readouterr().out.splitlines()
    assert bare(plain)
    assert r"\x1b[31m" in plain
    assert styled == "\x1b[1mbold\x1b[0m\\x1b]0;title\\x07"
    print_grid(Grid([HOSTILE, "n"], [[f"{HOSTILE}\n", 1.0]]))
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all(map(bare, printed))


@pytest.mark.parametrize("columns", ["10", "80", "500"])
def test_a_table_in_a_pipe_has_the_same_text_on_every_width(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    print_table([("a" * 90, "1.5", "[b]:smile:"), ("b", "10.25", "")], ["name", "loss", ""])
    width = " " * 86
    assert capsys.readouterr().out == (
        f"name{width}   loss\n" + "a" * 90 + "    1.5  [b]:smile:\n" + "b" + " " * 89 + "  10.25\n"
    )


def test_a_table_on_a_narrow_terminal_is_folded_and_keeps_every_character(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    print_table([("name", "x" * 90)])
    shown = screen.getvalue()
    assert shown.count("x") == 90
    assert max(map(len, shown.splitlines())) <= 40


@pytest.mark.parametrize("width", ["24", "40", "80", "1000"])
def test_columns_are_apart_on_every_width(monkeypatch, width):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", width)
    rows = [[f"{name}" * 30, "1.5", "22.25", "7"] for name in ("a", "b")]
    print_table(rows, ["tag", "precision", "recall", "F1"])
    lines = [line for line in screen.getvalue().splitlines() if "1.5" in line or "22.25" in line]
    for line in lines:
        assert len(re.split(" {2,}", line.strip())) >= 2, line


@pytest.mark.parametrize("words", [["generate", HOSTILE], ["check", HOSTILE, HOSTILE], ["train", "text", HOSTILE]])
def test_no_control_character_of_a_name_is_in_an_error(capsys, words):
    assert main([*words, *(["-o", "x"] if words[0] == "train" else [])]) == 1
    error = capsys.readouterr().err
    assert bare(error)
    assert error.count("\n") == 1


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["info"], ["explain", "love-book"], ["exercise", "--cell", "rnn"]]
)
@pytest.mark.parametrize("stream", [None, Full()])
def test_standard_output_that_takes_nothing_is_one_line(monkeypatch, capsys, words, stream):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        assert main(words) == 1
    error = capsys.readouterr().err
    assert error.startswith("elman: standard output: cannot be written")
    assert error.count("\n") == 1


def test_without_any_stream_nothing_is_raised(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["--version"]) == 1
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert main(["generate", "nowhere"]) == 1


def test_a_real_full_device_and_a_real_closed_pipe():
    code = f"{' '.join(RUN)} explain love-book"
    full = subprocess.run(["bash", "-c", f"{code} > /dev/full"], capture_output=True, text=True, check=False)
    assert (full.returncode, full.stderr.count("\n")) == (1, 1)
    closed = subprocess.run(["bash", "-c", f"{code} >&- 2>&-"], check=False)
    assert closed.returncode == 1
    with subprocess.Popen([*RUN, "explain", "love-book"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(28, "No space left on device", "some/file"), 1, "some/file: No space left on device"),
        (PermissionError(13, "Permission denied"), 1, "Permission denied"),
        (MemoryError(), 1, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."), 1, "out of memory"),
        (RecursionError("maximum recursion depth"), INTERNAL, "internal error (RecursionError"),
        (UnicodeError("no\x1bsuch\ncode"), INTERNAL, "internal error (UnicodeError: no\\x1bsuch code)"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_nobody_foresaw_is_one_line(monkeypatch, capsys, error, code, said):
    from elman.worked import entry

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(entry, "explain", fail)
    assert main(["explain", "love-book"]) == code
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line
    assert main(["explain", "love-book", "--debug"]) == code
    assert code == 130 or "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "wait"), [(signal.SIGINT, 0.02), (signal.SIGINT, 0.4), (signal.SIGTERM, 0.02), (signal.SIGHUP, 0.4)]
)
def test_a_signal_while_modules_are_imported_is_one_line(number, wait):
    """Signals arrive at several moments of a start that imports torch; before `run`, Python itself answers."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from elman.cli import run; print(flush=True); run()", "info"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    time.sleep(wait)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error
    assert process.returncode in (0, 128 + number, -number)


def test_a_signal_in_a_handler_of_the_commands_raises_once():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        signals.listen()
        assert signals.raising() == [signal.SIGINT, signal.SIGTERM]
        with pytest.raises(signals.Stopped) as caught:
            signal.raise_signal(signal.SIGTERM)
        assert signals.exit_code(caught.value) == 143
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_every_command_prints_through_the_guarded_echo():
    """`typer.echo` and `print` let control characters of a user's file through."""
    for file in Path(boundary.__file__).parent.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert "typer.echo" not in source, file
        assert not re.search(r"\bprint\(", source.replace("console.print(", "")), file


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(boundary, "_run", lambda words: warnings.warn("take\x1bcare", UserWarning, stacklevel=1) or 0)
    before = warnings.showwarning
    assert main([]) == 0
    assert capsys.readouterr().err == "elman: take\\x1bcare\n"
    assert warnings.showwarning is before
