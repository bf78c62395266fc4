"""The jobs of the benchmarks fit the models that they measure, on data that take a moment; repeated code is counted."""

import argparse
import hashlib
import io
import json
import re
import sys
from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks import __main__ as bench
from benchmarks import house, jobs_classify, jobs_tag, registry
from benchmarks.naming import add_names
from benchmarks.unseen import __main__ as unseen
from benchmarks.unseen import archives, contest
from benchmarks.unseen.table import Kind, Score, Set, at_least
from tests.contract_models.registry import SMALL, tagged_texts, texts

from elman.errors import DataError


def test_a_classifier_is_measured_beside_its_baselines():
    X, y = texts()
    outcome = jobs_classify.measured(SMALL, 0, (X[:30], y[:30]), (X[30:], y[30:]))
    assert set(outcome.figures) == {"elman", "class frequencies", "bag of words", "n-grams"}
    assert all(0 <= figure <= 1 for figure in outcome.figures.values())


def test_a_tagger_is_measured_beside_the_most_frequent_tag():
    outcome = jobs_tag.measured(SMALL, 0, *tagged_texts(), 30, jobs_tag.accuracy)
    assert set(outcome.figures) == {"elman", jobs_tag.COUNTED}
    assert 0 < outcome.figures["elman"] <= 1


def test_no_two_jobs_have_one_name():
    name = next(iter(registry.JOBS))
    with pytest.raises(ValueError, match=f"two jobs are called {name}"):
        registry.job(name, "the same again")


class Here:
    """Runs tasks at once, in this process."""

    def submit(self, task, *arguments):
        done = Future()
        done.set_result(task(*arguments))
        return done


def learned(data, seed):
    """A contestant that refuses sets of odd sizes, and is better with every seed."""
    if data % 2:
        raise DataError("X: odd")
    return Score({"accuracy": 0.5 + seed / 10}, note=f"seed {seed}")


def test_a_contest_measures_every_seed_and_peer(monkeypatch, capsys):
    sets = [Set("even", "made", lambda: 2), Set("odd", "made", lambda: 3), Set("far", "made", lambda: 4, ("nowhere",))]
    peers = {"peer": lambda data: Score({"accuracy": 0.6}), "slow": lambda data: Score({"accuracy": 0.9})}
    kind = Kind("fake", "accuracy", "not below", sets, learned, peers, at_least, slow=("slow",))
    monkeypatch.setattr(contest, "kind_of", {"fake": kind}.get)
    monkeypatch.setattr(contest.archives, "missing", ", ".join)
    assert contest.Contest(kind, sets[:1], 3, True, Here()).run()
    said = capsys.readouterr().out
    assert "slow" not in said
    assert [line.split() for line in said.splitlines() if line.startswith("even")] == [
        ["even", "2", "60.0", "0.0s", "60.0", "0.0s", "MET"]
    ]
    assert "made; seeds 0.500, 0.600, 0.700; seed 0" in said
    assert "fake: 1 of 1 sets met: MET" in said
    assert not contest.Contest(kind, sets[:1], 3, False, Here()).run()
    assert "MISSED: below slow" in capsys.readouterr().out
    assert not contest.Contest(kind, sets, 1, True, Here()).run()
    said = capsys.readouterr().out
    assert "odd, 3: MISSED: refused: X: odd" in said
    assert "far: not run: get it by nowhere" in said


def test_peers_run_as_often_as_elman_where_seconds_are_judged(monkeypatch, capsys):
    seconds, ran = {"learned": [3.0, 9.0, 1.0], "peer": [5.0, 2.0, 4.0]}, []

    def run(name):
        ran.append(name)
        return Score({"accuracy": 0.9}, seconds[name][ran.count(name) - 1])

    peers = {"peer": lambda data: run("peer")}
    sets = [Set("even", "", lambda: 2)]
    kind = Kind("fake", "", "", sets, lambda data, seed: run("learned"), peers, at_least, judges_seconds=True)
    monkeypatch.setattr(contest, "kind_of", {"fake": kind}.get)
    contest.Contest(kind, sets, 3, False, Here()).run()
    assert "90.0 3.0s 90.0 4.0s MET" in " ".join(capsys.readouterr().out.split())
    assert ran == ["learned", "peer"] * 3


@pytest.mark.parametrize("quick", [True, False])
def test_every_study_and_every_room_of_tests_is_there(quick):
    assert [room for room in bench.ROOMS if not (bench.ROOT / "tests" / room).exists()] == []
    commands = bench.commands(quick=quick)
    assert [study for study, *_ in commands if find_spec(study) is None] == []
    assert len(commands) == len(bench.STUDIES) or quick


LOGIC = ["a = read(b)", "if a > 0:", "    return a", "c = a * (b + 1)", "write(c, a)", "return c - a"]
RENAMED = ["x = load(y)", "if x > 7:", "    return x", "z = x * (y + 2)", "save(z, x)", "return z - x"]
TABLE = [f'"{key}": ("{key * 2}", {number}),' for number, key in enumerate("abcdefgh")]
SIGNATURE = ["def run(", "a: int,", "b: float = 0.5,", "c: str | None = None,", "d,", "e: bool,", ") -> None:"]


@pytest.mark.parametrize(
    ("files", "pairs"),
    [
        ([LOGIC, LOGIC], [("0.py", 2, "1.py", 2)]),  # each file has a first line of its own
        ([LOGIC, RENAMED], [("0.py", 2, "1.py", 2)]),
        ([[*LOGIC, "other()", *RENAMED]], [("0.py", 2, "0.py", 9)]),
        ([LOGIC, ["from a import (", "    b,", ")", "", "# why", *RENAMED]], [("0.py", 2, "1.py", 7)]),
        ([LOGIC, LOGIC[:-1]], []),
        ([LOGIC, [*LOGIC[:3], "between()", *LOGIC[3:]]], []),
        ([TABLE, TABLE], []),
        ([SIGNATURE, SIGNATURE], []),
        ([LOGIC] * 8, [(f"{a}.py", 2, f"{b}.py", 2) for a in range(8) for b in range(a + 1, 8)]),
        ([LOGIC] * 9, []),
    ],
)
def test_pairs_of_places_that_share_six_lines_are_counted(tmp_path: Path, files, pairs):
    (tmp_path / "src").mkdir()
    for number, lines in enumerate(files):
        text = "\n".join([f"first_{'(' * number}", *lines])
        (tmp_path / "src" / f"{number}.py").write_text(text)
    found = house.repeated(tmp_path)
    assert [(a.file.name, a.number, b.file.name, b.number) for a, b in found] == pairs


@pytest.mark.parametrize("tampered", [False, True])
def test_an_archive_is_the_file_of_its_checksum_or_not_kept(monkeypatch, tmp_path, tampered):
    content = b"the archive"
    digest = hashlib.sha256(content).hexdigest()
    files = [
        {"filename": name, "url": f"index/{name}", "hashes": {"sha256": digest}}
        for name in ("seqlearn-0.1.tar.gz", "seqlearn-0.2.tar.gz")
    ]

    def answers(asked, timeout):
        page = not isinstance(asked, str)
        if not page:
            assert asked == "index/seqlearn-0.2.tar.gz"
        return io.BytesIO(json.dumps({"files": files}).encode() if page else content + b"!" * tampered)

    monkeypatch.setattr(archives, "urlopen", answers)
    monkeypatch.setattr(archives.datasets, "path", lambda name: tmp_path / name)
    assert "benchmarks.unseen.archives" in archives.missing(("seqlearn",))
    if tampered:
        with pytest.raises(OSError, match="not the bytes of its checksum"):
            archives._download("seqlearn")
        assert not list(tmp_path.iterdir())
    else:
        assert archives._download("seqlearn").read_bytes() == content
        assert archives.missing(("seqlearn",)) == ""


@pytest.mark.parametrize("arguments", [["texts"], ["text", "texts"], ["generate", "--sets", "milton", "texts"]])
def test_a_name_that_no_benchmark_has_is_refused_before_any_training(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["unseen", *arguments])
    with pytest.raises(SystemExit, match="2"):
        unseen.main()
    assert re.search(r"no (job|set) texts: choose among .*(text|milton)", capsys.readouterr().err)


def test_a_library_to_compare_with_that_is_missing_is_named(monkeypatch, capsys):
    def without_library(name):
        raise ModuleNotFoundError(name="lightgbm")

    monkeypatch.setattr(unseen, "kind_of", without_library)
    monkeypatch.setattr(sys, "argv", ["unseen", "symbols"])
    with pytest.raises(SystemExit, match="2"):
        unseen.main()
    assert "lightgbm is not installed: make .venv/peers" in capsys.readouterr().err


def test_without_names_none_are_read():
    parser = argparse.ArgumentParser()
    add_names(parser, "kinds", "job", contest.KINDS)
    assert parser.parse_args([]).kinds == []
    assert parser.parse_args(["text", "tag"]).kinds == ["text", "tag"]
