"""The papers hold: their code runs and prints what they print, their commands exist, their links and paths lead
somewhere, every option has its help and every setting its line.

In a paper, a `python` block is run, and a `text` block right after it is what it prints. A `console` block is run
line by line; what follows a `$ ` line is what it prints, up to numbers and names that depend on the machine.
"""

import contextlib
import doctest
import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
import typer

import elman
from elman import kernels
from elman.cli import main
from elman.cli.app import app

ROOT = Path(__file__).parents[1]
PAPERS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# Kind, content, and the content of a text block right after it.
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
TOO_LONG = {  # commands of the papers that are not run here, and why; that they exist is checked all the same
    "make demo": "installs torch, builds, and trains for ninety seconds",
    "make test": "runs these tests",
    "make check": "is run by .ci/run",
    "make setup": "installs torch",
    "make bench": "takes minutes, and the processor for itself",
    "python -m benchmarks.unseen": "trains every job for minutes",
    "make fix": "rewrites the sources",
    ".ci/run": "runs all of this",
    "python -m benchmarks.long_sequences": "takes minutes, and 3.3 GB",
    "pip install": "installs; .ci/run installs the same",
    "pip wheel": "builds; .ci/run builds the same",
    "ELMAN_PURE_PYTHON=1": "installs; .ci/run builds the same wheel",
    "elman train text my.txt": "trains for minutes on a text of the reader's",
    "torchrun --nnodes": "needs several machines",
    "sbatch examples/slurm.sh": "needs a cluster",
}
CUT_SHORT = {  # commands of the papers that train for a minute or more, and what is added to run them here in seconds
    "elman forecast airline.csv": "--epochs 1 --members 1 --origins 0",
}
FEWER = {  # commands that print the same up to numbers with smaller ones; `make bench` runs them in full
    "elman train classify vowels.csv": "--epochs 1",
    "elman train classify reviews.csv --epochs 24": "--epochs 10 --batch-size 32 --learning-rate 0.02",
    "elman train classify reviews.csv --epochs 2": "--epochs 1",
    "elman train classify feelings.csv": "--epochs 2",
    "elman train classify starts.csv": "--epochs 2",
    "elman train vectors known.csv": "--epochs 2",
    "elman train vectors exclusive-or.csv": "--epochs 2",
    "elman train tag phones.csv": "--epochs 2",
    "elman train caption digits.npz": "--epochs 2 --hidden-size 32 --batch-size 64 --learning-rate 0.03 "
    "--evaluate-every 22",
    "elman forecast until_june.csv": "--epochs 2",
    "elman train translate pairs.csv": "--epochs 1 --hidden-size 48 --batch-size 24 --learning-rate 0.01 "
    "--evaluate-every 82 --validation-fraction 0.02",
    "elman search classify reviews.csv": "--epochs 2",
    "elman predict reviews.safetensors 'parts/": "--workers 1",
    "OMP_NUM_THREADS=1 torchrun": "--hidden-size 16",
}
# Programs that start several processes of `elman`, in place of which one runs quickly.
SEVERAL = "OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 -m "
# Libraries that the papers use and no extra brings: their blocks run where they are.
NOT_INSTALLED = ("mlflow", "wandb")
# Predictions, of which a few differ from machine to machine: their first line alone is compared.
LEARNED = {"head -3 written.csv", "head -4 written.csv"}


# A command of `elman`, and where its output goes.
ELMAN = re.compile(r"(elman [^|<>;&$`*]+)((?:[|>] [^|<>;&$`*]+)?)")


class Block(NamedTuple):
    paper: Path
    line: int
    text: str
    prints: str | None  # the text block right after it, if there is one

    def __str__(self) -> str:
        return f"{self.paper.name}:{self.line}"


def blocks(paper: Path, kind: str) -> list[Block]:
    text = paper.read_text(encoding="utf-8")
    found = [m for m in BLOCK.finditer(text) if m[1] == kind]
    return [Block(paper, text[: m.start()].count("\n") + 1, m[2], m[3]) for m in found]


def of_kind(kind: str) -> list[Block]:
    return [block for paper in PAPERS for block in blocks(paper, kind)]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, one_thread):
    """A folder of its own, and one thread, because what papers show is small."""
    monkeypatch.chdir(tmp_path)


def run_python(block: Block) -> None:
    for library in NOT_INSTALLED:
        if re.search(rf"^import {library}$", block.text, re.MULTILINE):
            pytest.importorskip(library)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})
    if block.prints is not None:
        compare(printed.getvalue(), block.prints, block)
    elif printed.getvalue():
        pytest.fail(f"{block}: printed {printed.getvalue()!r}, which the paper does not show")


def compare(got: str, want: str, where: object) -> None:
    if not doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS):
        raise AssertionError(f"{where}: expected\n{want}\ngot\n{got}")


@pytest.mark.skipif(not kernels.available(), reason="the papers show an installation that has its kernels")
@pytest.mark.parametrize("block", of_kind("python"), ids=str)
def test_python_in_the_papers_prints_what_they_show(block, elsewhere):
    run_python(block)


def examples() -> list[doctest.DocTest]:
    files = sorted((ROOT / "src" / "elman").rglob("*.py"))
    names = [".".join(file.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__") for file in files]
    modules = [importlib.import_module(name) for name in names]
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for m in modules for test in finder.find(m, extraglobs={"torch": torch, "elman": elman})]
    return [test for test in found if test.examples]


def complaint(example: doctest.DocTest) -> str:
    said = io.StringIO()
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.write)
    return said.getvalue()


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_docstring_examples(example, elsewhere):
    if example.name.startswith("elman.streams.") and not kernels.available():
        pytest.skip(kernels.why_not())
    assert complaint(example) == ""


def test_every_layer_and_model_has_an_example():
    with_examples = {example.name.rpartition(".")[2] for example in examples()}
    assert {name for name in elman.__all__ if name[0].isupper()} <= with_examples


class Command(NamedTuple):
    words: str
    prints: str


def commands(block: Block) -> list[Command]:
    found = re.findall(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE)
    return [Command(words.strip(), prints) for words, prints in found]


def too_long(words: str) -> bool:
    return any(words.startswith(beginning) for beginning in TOO_LONG)


def added(options: dict[str, str], words: str) -> str:
    return next((more for beginning, more in options.items() if words.startswith(beginning)), "")


def steady(text: str) -> str:
    """Leave out what depends on the machine, the moment and the epochs: numbers, names, and some lines."""
    left_out = r" *\d+%  .* left|still improving at the end: .*|stopped early: .*"
    lines = [line.rstrip() for line in text.splitlines() if not re.fullmatch(left_out, line)]
    text = "\n".join(lines).strip("\n")
    text = re.sub(r"(?m)^cuda .*", "cuda", re.sub(r"avx512|avx2|portable", "instruction set", text))
    return re.sub(r"[ \t]+", " ", re.sub(r"\d+(?:[.,]\d+)*(?:\+\w+)?", "0", text)) + "\n"


def environment() -> dict[str, str]:
    """Return what a reader's shell has: `elman` and `python` on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def shell(folder: Path, words: str, more: str = "") -> str:
    """Run one line as a reader would, with more options; `elman` in this process, where torch is loaded already."""
    first = ELMAN.fullmatch(words)
    if not first:
        return in_a_shell(folder, f"{words} {more}")
    words = shlex.split(f"{first[1]} {more}".replace("\\\n", " "))[1:]
    said = in_this_process(folder, words, codes=(0, 1) if first[2].startswith("|") else (0,))
    return in_a_shell(folder, f"cat {first[2]}", said) if first[2] else said


def in_a_shell(folder: Path, words: str, given: str = "") -> str:
    done = subprocess.run(
        ["sh", "-c", words],
        input=given,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | environment(),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


def in_this_process(folder: Path, words: list[str], codes: tuple[int, ...]) -> str:
    """Run `elman`; in a pipe its code is not that of the line: `elman diagnose` that finds a fault returns 1."""
    said, failed = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        for name, value in environment().items():
            patch.setenv(name, value)
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
            code = main(words)
    assert failed.getvalue() == "", words
    assert code in codes, words
    return said.getvalue()


@pytest.mark.skipif(not kernels.available(), reason="the papers show an installation that has its kernels")
@pytest.mark.parametrize("in_full", [False, pytest.param(True, marks=pytest.mark.study)], ids=["quickly", "in full"])
@pytest.mark.parametrize("paper", [p for p in PAPERS if blocks(p, "console")], ids=lambda paper: paper.name)
def test_commands_in_the_papers_print_what_they_show(paper, in_full, tmp_path, elsewhere, request):
    if not in_full:
        request.getfixturevalue("without_pictures")
    for block in blocks(paper, "console"):
        for words, prints in commands(block):
            shorter = added(CUT_SHORT, words)
            if not too_long(words):
                more = shorter or ("" if in_full else added(FEWER, words))
                said = shell(tmp_path, words if in_full else words.removeprefix(SEVERAL), more)
                if prints and not shorter:
                    got, want = (text.split("\n")[0] if words in LEARNED else text for text in (said, prints))
                    compare(steady(got), steady(want), f"{block}: {words}")


def shown_commands() -> list[str]:
    console = [c.words for block in of_kind("console") for c in commands(block)]
    plain = [line.split("#")[0].strip() for block in of_kind("sh") for line in block.text.splitlines()]
    return sorted({*console, *plain} - {""})


@pytest.mark.parametrize("words", shown_commands())
def test_every_command_exists(words, tmp_path):
    """Targets of make are in the Makefile, options of `elman` are taken; `sh` blocks hold only what is too long."""
    if not too_long(words):
        assert any(c.words == words for block in of_kind("console") for c in commands(block)), "show it as console"
    if words.startswith("make "):
        assert re.search(rf"^{words.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words.startswith("elman ") and too_long(words):
        shell(tmp_path, f"{words} --help")
    elif words.startswith("."):
        assert os.access(ROOT / words, os.X_OK)


@pytest.mark.parametrize("beginning", sorted([*TOO_LONG, *CUT_SHORT, *FEWER, SEVERAL, *LEARNED]))
def test_no_excuse_is_idle(beginning):
    assert any(words.startswith(beginning) for words in shown_commands())


def without_help(command: typer.core.TyperCommand, name: str) -> list[str]:
    found = [] if command.help else [name]
    found += [f"{name} {p.opts[0]}" for p in command.params if not getattr(p, "help", None)]
    for word, inner in getattr(command, "commands", {}).items():
        found += without_help(inner, f"{name} {word}")
    return found


def test_every_command_and_option_has_help():
    assert without_help(typer.main.get_command(app), "elman") == []


def test_the_readme_names_every_command():
    words = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in typer.main.get_command(app).commands:
        assert f"elman {name}" in words, name


def test_settings_of_the_environment_are_listed():
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    used = {name for file in sources for name in re.findall(r"\bELMAN_[A-Z_]+\b", file.read_text(encoding="utf-8"))}
    named = set(re.findall(r"\bELMAN_[A-Z_]+\b", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    assert used == named


def lost(paper: Path) -> list[str]:
    """Links to places that are not there, and paths in backticks that lead nowhere from the root or src/elman."""
    text = BLOCK.sub("", paper.read_text(encoding="utf-8"))
    links = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    paths = re.findall(r"`([\w.-]+(?:/[\w.<>-]+)+\.(?:py|h|cpp|md|txt|toml))`", text)
    missing = [link for link in links if link and not (paper.parent / link).exists()]
    roots = (ROOT, ROOT / "src" / "elman", ROOT / "tests")
    return missing + [path for path in paths if "<" not in path and not any((root / path).exists() for root in roots)]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_links_and_paths_lead_somewhere(paper):
    assert lost(paper) == []


def paper_with(folder: Path, text: str) -> Path:
    paper = folder / "paper.md"
    paper.write_text(text)
    return paper


def test_a_wrong_print_is_seen(tmp_path):
    text = "```python\nprint(1 + 1)\n```\n\n```text\n{}\n```\n"
    (right,) = blocks(paper_with(tmp_path, text.format(2)), "python")
    run_python(right)
    (wrong,) = blocks(paper_with(tmp_path, text.format(3)), "python")
    with pytest.raises(AssertionError, match=r"paper.md:1: expected\n3\n"):
        run_python(wrong)
    (silent,) = blocks(paper_with(tmp_path, "```python\nprint(1)\n```\nNothing here.\n"), "python")
    with pytest.raises(pytest.fail.Exception, match="does not show"):
        run_python(silent)


def test_a_wrong_line_of_a_command_is_seen(tmp_path):
    (block,) = blocks(paper_with(tmp_path, "```console\n$ echo loss 1.25\nloss 7,000.5\n$ true\n```\n"), "console")
    first, second = commands(block)
    assert (first.words, second.words, second.prints) == ("echo loss 1.25", "true", "")
    compare(steady(shell(tmp_path, first.words)), steady(first.prints), block)
    with pytest.raises(AssertionError, match="expected"):
        compare(steady(shell(tmp_path, "echo gain 1.25")), steady(first.prints), block)
    with pytest.raises(AssertionError):
        shell(tmp_path, "false")


def test_a_wrong_docstring_example_is_seen():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in complaint(wrong)


def test_a_lost_path_is_seen(tmp_path):
    paper = paper_with(tmp_path, "See [there](nowhere.md), `ops/nothing.py` and `ops/native.py`.")
    assert lost(paper) == ["nowhere.md", "ops/nothing.py"]
