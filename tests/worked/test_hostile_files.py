"""Worksheets and answers from anybody: bombs, odd scalars and broken files are one line, at once, in little memory."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.worked.hostile import mutations, outcome

import elman
from elman.errors import DataError, ElmanError, InputError
from elman.limits import SHEET_BYTES, SHEET_DEPTH
from elman.worked.marking.answers import read_answers
from elman.worked.sheet import yamlfile
from elman.worked.sheet.worksheet import _GALLERY, load, parse

SHEET = (_GALLERY / "not-very-good.yaml").read_text(encoding="utf-8")
SHEETS = [(_GALLERY / f"{name}.yaml").read_text(encoding="utf-8") for name in ("not-very-good", "love-ai", "gru")]
Read = Callable[[str], Any]


def answers_in(folder: Path, ending: str) -> Read:
    trace = elman.explain("not-very-good")

    def read(text: str) -> Any:
        path = folder / f"answers{ending}"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read_answers(path, trace.__getitem__)

    return read


def bomb(levels: int, wide: int = 10) -> str:
    lines = ["x0: &x0 [" + ",".join("1" * wide) + "]"]
    lines += [f"x{k}: &x{k} [{','.join([f'*x{k - 1}'] * wide)}]" for k in range(1, levels)]
    return "\n".join(lines) + "\n"


BOMBS = {
    "aliases": bomb(9),
    "itself": "dh.2: &a [*a]\n",
    "itself as a mapping": "a: &a {b: *a}\n",
    "merge": "a: &a {b: 1}\n" + "".join(f"c{k}: &a {{<<: [*a, *a, *a]}}\n" for k in range(40)),
    "flow": "a: " + "[" * 1000 + "]" * 1000,
    "flow, open": "a: " + "[" * 100_000,
    "block": "".join(f"{' ' * k}a:\n" for k in range(600)),
    "mappings": "{a: " * 500 + "1" + "}" * 500,
    "scalars": "a: [" + "1," * 300_000 + "]",
    "huge scalar": "dh.2: " + "9" * 500_000,
    "huge key": "k" * 500_000 + ": 1",
    "large": "# " + "x" * SHEET_BYTES,
    "keys": "".join(f"k{i}: 1\n" for i in range(20_000)),
    "version": "%YAML 1." + "9" * 5000 + "\n--- {}\n",
    "escape": 'a: "\\UFFFFFFFF"\n',
}


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both loaders: the one in C may be missing on a machine."""
    monkeypatch.setattr(yamlfile, "_Loader", getattr(yaml, request.param, yaml.SafeLoader))
    return str(request.param)


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("kind", [".worksheet", ".yaml"])
def test_a_bomb_is_refused_at_once(tmp_path: Path, name: str, kind: str) -> None:
    read = (lambda text: elman.explain(_write(tmp_path, text))) if kind == ".worksheet" else answers_in(tmp_path, kind)
    begin = time.process_time()
    assert outcome(lambda: read(BOMBS[name])) == "refused"
    assert time.process_time() - begin < 2.5


@pytest.mark.parametrize("name", [name for name in BOMBS if name not in {"scalars", "keys", "large"}])
def test_the_loader_in_python_refuses_them_too(loader: str, name: str) -> None:
    assert outcome(lambda: parse(BOMBS[name], "mine")) == "refused"


def _write(folder: Path, text: str) -> Path:
    path = folder / "sheet.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.study
def test_the_time_for_many_keys_is_linear() -> None:
    def seconds(count: int) -> float:
        text = "".join(f"k{i}: 1\n" for i in range(count))
        begin = time.process_time()
        with pytest.raises(InputError, match=r"cell: field required \([\d,]+ more"):
            parse(text, "mine")
        return time.process_time() - begin

    seconds(100)
    assert seconds(8_000) < 40 * max(seconds(800), 0.01)


def test_what_an_alias_means_is_read() -> None:
    sheet = parse(SHEET.replace("W_hh:", "W_hh: &w").replace("b_y:", "b_y:"), "mine")
    assert sheet.parameters["W_hh"].shape == (2, 2)
    node = yamlfile.compose("a: &a [1, 2]\nb: [*a, *a]\n", "mine")
    assert yamlfile.plain(node, "mine") == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


@pytest.mark.parametrize("depth", [SHEET_DEPTH - 1, SHEET_DEPTH])
def test_the_limit_of_depth(depth: int) -> None:
    text = "a: " + "[" * depth + "]" * depth
    if depth < SHEET_DEPTH:
        assert yamlfile.compose(text, "mine") is not None
    else:
        with pytest.raises(DataError, match="more than 20 lists or mappings inside each other"):
            yamlfile.compose(text, "mine")


def test_the_limit_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlfile, "SHEET_NODES", 100)
    assert yamlfile.compose("[" + "1," * 99 + "]", "mine") is not None
    with pytest.raises(DataError, match="more than 100 numbers, words and lists"):
        yamlfile.compose("[" + "1," * 100 + "]", "mine")
    with pytest.raises(DataError, match="more than 100 numbers, words and lists"):
        yamlfile.compose("[&a [1, 2, 3], " + "*a," * 25 + "]", "mine")


def test_a_million_steps_are_refused_at_once(tmp_path: Path) -> None:
    fields = load("exploding").model_dump(exclude_unset=True)
    fields.pop("embeddings", None)
    size = fields["parameters"]["W_xh"].shape[1]
    example = {"inputs": np.zeros((1_000_000, size)), "target": fields["examples"][0]["target"]}
    begin = time.process_time()
    with pytest.raises(InputError, match="more than the 2,000,000 that are worked"):
        elman.explain(fields | {"examples": [example]})
    long = SHEET.replace("text: not very good", "text: " + "good " * 150_000)
    assert outcome(lambda: elman.explain(_write(tmp_path, long))) == "refused"
    assert time.process_time() - begin < 3


NO_TEXT = {
    "12": "a number", "1e5": "a number", "-0.5": "a number", "0x1F": "a number", "0x_": "a number", "1_000": "a number",
    "012": "a number", "1:30": "a number", "2024-02-30": "a date", "2024-01-01": "a date", "null": "nothing",
    "~": "nothing", "true": "a truth value", "False": "a truth value", ".nan": "a number", ".inf": "a number",
    "=": "a sign of YAML",
}  # fmt: skip


@pytest.mark.parametrize("text", NO_TEXT)
def test_a_scalar_that_is_no_text_is_named_with_what_to_do(text: str) -> None:
    kind = NO_TEXT[text]
    with pytest.raises(ElmanError) as caught:
        parse(f"title: {text}\n{SHEET.split('title:')[1].split(chr(10), 1)[1]}", "mine")
    assert "title: expected text, got" in str(caught.value)
    assert f"which is read as {kind}; write it in quotes" in str(caught.value)
    for words in (f"words: [good, {text}]", f"words: [{text}]"):
        with pytest.raises(ElmanError, match=f"examples.1.words.. ?: expected text.*{kind}; write it in quotes"):
            parse(SHEET.replace("text: not very good", words), "mine")
    table = f"cell: rnn\nembeddings: {{{text}: [1, 2]}}\n"
    with pytest.raises(ElmanError, match=f"line 2, embeddings: the name .*{kind}; write it in quotes"):
        parse(table, "mine")


@pytest.mark.parametrize(
    "text", ["null", "true", "yes", "0x1F", "1_000", "012", "1:30", "2024-01-01", "word", "{}", "''"]
)
@pytest.mark.parametrize("field", ["b_y", "W_hh"])
def test_a_scalar_that_is_no_number_is_refused(text: str, field: str) -> None:
    lines = [f"  {field}: {text}" if line.startswith(f"  {field}:") else line for line in SHEET.splitlines()]
    with pytest.raises(ElmanError, match=f"parameters.{field}: expected numbers"):
        parse("\n".join(lines), "mine")


@pytest.mark.parametrize("text", ["0.5", ".5", "5e-1", "+0.5", "0.50", "5E-1"])
def test_decimal_numbers_are_read(text: str) -> None:
    lines = [f"  b_y: {text}" if line.startswith("  b_y:") else line for line in SHEET.splitlines()]
    assert parse("\n".join(lines), "mine").parameters["b_y"] == 0.5


@pytest.mark.parametrize("value", [10**400, float("inf"), True, None, "x", object, [[[]]], {"a": 1}, b"1"], ids=repr)
@pytest.mark.parametrize(
    "field",
    ["title", "digits", "layers", "bag", "notation", "parameters", "examples", "update", "output", "loss", "cell"],
)
def test_any_python_value_in_any_field_is_one_line(field: str, value: Any) -> None:
    fields = load("love-book").model_dump(exclude_unset=True)
    assert outcome(lambda: elman.explain(fields | {field: value})) in {"refused", "worked"}


BAD_ANSWERS = {
    "p, 1e400\n": "p: not a number: '1e400' (too large or too long)",
    f"p, {'1' * 5000}\n": "too large or too long",
    f"p, {'1' * 200_000}\n": "not readable as CSV: field larger than field limit",
    "p, 0x10\n": "p: not a number: '0x10'",
    "p, 1\x000\n": "line 1",
    "\x1b]0:PWN\x07, 1\n": r"\x1b]0:PWN\x07: no such value",
    f"{'h' * 5000}, 1\n": "no such value; an id has at most 120 characters",
    "dh.2, -0,0971, 0,2076\n": "got 4; for decimal commas, separate the numbers by semicolons",
}


@pytest.mark.parametrize("text", BAD_ANSWERS)
def test_answers_that_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ElmanError) as caught:
        answers_in(tmp_path, ".csv")(text)
    assert BAD_ANSWERS[text] in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


COMMAS = {
    "excel.csv": "id;values\n{id};{a};{b}\n",
    "sep.csv": "sep=;\nid;values\n{id};{a} {b}\n",
    "tab.csv": "{id}\t{a}\t{b}\n",
    "quoted.csv": '{id},"{a}","{b}"\n',
    "cell.csv": '{id};"{a} {b}"\n',
    "yaml.yaml": '{id}: ["{a}", "{b}"]\n',
    "json.json": '{{"{id}": ["{a}", "{b}"]}}\n',
}


@pytest.mark.parametrize("name", COMMAS)
def test_decimal_commas(tmp_path: Path, name: str) -> None:
    trace = elman.explain("not-very-good")
    a, b = (f"{x:.4f}".replace(".", ",") for x in trace["dh.2"].array)
    path = tmp_path / name
    path.write_text(COMMAS[name].format(id="dh.2", a=a, b=b), encoding="utf-8")
    assert trace.check(path).counts == {"right": 1}


def test_commas_between_points_still_separate(tmp_path: Path) -> None:
    trace = elman.explain("not-very-good")
    path = tmp_path / "a.csv"
    path.write_text('dh.2;"{:.4f},{:.4f}"\nh.0; 0, 0\n'.format(*trace["dh.2"].array), encoding="utf-8")
    assert trace.check(path).counts == {"right": 2}


def fuzz(read: Read, texts: list[str], seed: int, count: int) -> None:
    found = Counter(outcome(lambda text=text: read(text)) for text in mutations(texts, seed, count))  # type: ignore[misc]
    assert found["worked"] > count / 50, found
    assert found["refused"] > count / 5, found


def worked(text: str) -> None:
    elman.explain(parse(text, "mine")).to("terminal")


ANSWERS = {
    ".csv": [
        "id, values\ndh.2, 0.4025, -0.4025\nda.3;0,4024;−0,3433\ndW_hh[1,1], 0.2060\n",
        'p, "0.4"\n# x\nloss\t0.51\n',
    ],
    ".yaml": ["dh.2: [0.4025, -0.4025]\np: 0.4\ndW_hh: [[0.2060, null], [-0.1234, ~]]\n"],
    ".json": [json.dumps({"dh.2": [0.4, "-0.4"], "p": 0.5, "dW_hh": [[0.2, None], [1, 2]]})],
}


def test_a_broken_worksheet_is_one_line() -> None:
    fuzz(worked, SHEETS, seed=1, count=250)


@pytest.mark.parametrize("ending", sorted(ANSWERS))
def test_broken_answers_are_one_line(tmp_path: Path, ending: str) -> None:
    fuzz(answers_in(tmp_path, ending), ANSWERS[ending], seed=2, count=300)


@pytest.mark.study
@pytest.mark.parametrize("seed", range(10, 20))
def test_many_broken_files(tmp_path: Path, loader: str, seed: int) -> None:
    fuzz(worked, SHEETS, seed, 3000)
    for ending, texts in ANSWERS.items():
        fuzz(answers_in(tmp_path, ending), texts, seed, 3000)


def test_messages_about_many_or_long_names_are_short() -> None:
    words = {f"word{k}": [1.0, 0.0] for k in range(5000)}
    fields = load("not-very-good").model_dump(exclude_unset=True)
    example = {"target": 1, "text": "x" * 10_000}
    size = fields["parameters"]["W_xh"].shape[1]
    table = {word: vector[:1] * size for word, vector in words.items()}
    with pytest.raises(
        InputError, match=r"is not in embeddings; expected one of word0, word1, .* and 4,990 more$"
    ) as caught:
        elman.explain(fields | {"embeddings": table, "examples": [example]})
    assert len(str(caught.value)) < 300
