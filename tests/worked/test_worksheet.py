"""Faulty sheets are refused in one line that names the field, what was expected and what was got."""
# ruff: noqa: E501 - a table reads best with one case a line

import copy
from pathlib import Path
from typing import Any

import pytest

import elman
from elman.errors import DataError, ElmanError, InputError
from elman.worked.sheet.worksheet import load, parse

RNN: dict[str, Any] = {
    "cell": "rnn",
    "embeddings": {"no": [1.0, 0.0], "yes": [0.0, 1.0]},
    "parameters": {
        "W_xh": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]],
        "W_hh": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]],
        "b_h": [0.1, 0.2, 0.3],
        "W_hy": [[0.1, 0.2, 0.3]],
        "b_y": 0.5,
    },
    "examples": [{"words": ["no", "yes"], "target": 1}],
    "output": "sigmoid",
    "loss": {"kind": "binary_cross_entropy", "at": "last"},
}
GRU: dict[str, Any] = load("gru").model_dump(exclude_none=True)
REMOVE = object()

WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (RNN, {"parameters.W_hh": [[1.0, 2.0], [3.0, 4.0]]}, r"parameters\.W_xh: expected shape \(2, 2\), got \(3, 2\)"),
    (RNN, {"parameters.W_hh": [[1.0, 2.0]]}, r"parameters\.W_hh: expected shape \(H, H\), got \(1, 2\)"),
    (RNN, {"parameters.W_hh": [0.4, 0.4, 0.4]}, r"W_hh: expected shape \(H, H\), got \(3,\): .*diagonal, or the same entry"),
    (RNN, {"parameters.W_xh": [[1, 2, 3], [4, 5, 6]]}, r"W_xh: expected shape \(3, 2\), got \(2, 3\): it looks transposed"),
    (RNN, {"parameters.b_h": [[1], [2], [3]]}, r"parameters\.b_h: expected shape \(3,\), got \(3, 1\)"),
    (RNN, {"parameters.b_h": REMOVE}, r"parameters\.b_h: missing; expected shape \(3,\) \(write zeros"),
    (RNN, {"parameters.W_hh": REMOVE}, r"parameters\.W_hh: missing; expected shape \(H, H\); given are W_xh"),
    (RNN, {"parameters.W_xf": [[1.0]]}, r"parameters\.W_xf: not a parameter of this network; expected W_xh, W_hh"),
    (RNN, {"parameters.W_ho": [[1.0]]}, r"parameters\.W_ho: is another name for W_hy, and both are given"),
    (RNN, {"parameters.W_hy": REMOVE}, r"parameters\.W_hy: expected shape \(O, H\), one row an output, got nothing"),
    (RNN, {"parameters.b_h": [0.1, float("nan"), 0.3]}, r"parameters\.b_h: expected finite numbers"),
    (RNN, {"parameters.b_h": "three"}, r"parameters\.b_h: expected numbers in rows of equal length, got 'three'"),
    (RNN, {"parameters.W_xh": [[1, 2], [3]]}, r"parameters\.W_xh: expected numbers in rows of equal length"),
    (RNN, {"examples.0.words": ["no", "maybe"]}, r"examples\.1: word 2, 'maybe', is not in embeddings; expected one of no, yes"),
    (RNN, {"examples.0.words": []}, r"examples\.1\.words: expected at least one word, got none"),
    (RNN, {"examples.0.inputs": [[1, 2]]}, r"examples\.1: expected one of words, text and inputs, got words and inputs"),
    (RNN, {"examples.0.target": 2}, r"examples\.1\.target: expected labels from 0 to 1, got \[2.0\]"),
    (RNN, {"examples.0.target": [0, 1]}, r"examples\.1\.target: expected shape \(1,\), one number an output, got \(2,\)"),
    (RNN, {"examples.0.target": REMOVE}, r"examples\.1: expected 'target', because the loss is at the last step"),
    (RNN, {"examples.0.initial": {"h": [0.0]}}, r"examples\.1\.initial\.h: expected shape \(3,\), got \(1,\)"),
    (RNN, {"examples.0.initial": {"c": [0.0]}}, r"examples\.1\.initial\.c: not a state of this network; expected h"),
    (RNN, {"examples": []}, r"examples: tuple should have at least 1 item"),
    (RNN, {"embeddings": REMOVE}, r"examples\.1: expected 'inputs' \(vectors\), or 'words'"),
    (RNN, {"embeddings.yes": [1.0]}, r"embeddings\.yes: expected shape \(2,\), got \(1,\)"),
    (RNN, {"cell": "rnm"}, r"cell: should be 'rnn', 'lstm' or 'gru', got 'rnm'"),
    (RNN, {"colour": "red"}, r"colour: not a field of a worksheet"),
    (RNN, {"reset": "after"}, r"reset: only a gru has it; the cell is rnn"),
    (RNN, {"output": "softmax"}, r"output\.kind: binary_cross_entropy needs sigmoid, which makes p; got 'softmax'"),
    (RNN, {"output": "none"}, r"output\.kind: binary_cross_entropy needs sigmoid"),
    (RNN, {"loss": REMOVE}, r"output\.at: not stated, and the sheet can be read in two ways: 'last' .*, 'every'"),
    (RNN, {"loss.over_steps": "sum"}, r"loss\.over_steps: the loss is at the last step only"),
    (RNN, {"loss.at": "every"}, r"loss\.over_steps: not stated, .* two ways: 'sum' .*, 'mean'"),
    (RNN, {"loss": {"kind": "binary_cross_entropy", "at": "every", "over_steps": "sum"}}, r"targets: expected 2, one a step"),
    (RNN, {"examples": RNN["examples"] * 2}, r"loss\.over_examples: not stated, .* two ways: 'sum' .*, 'mean'"),
    (RNN, {"truncation": {"steps": 1}}, r"truncation\.kind: not stated, .* 'blocks' cuts .* 'last' lets"),
    (RNN, {"clip": {"norm": 1.0, "value": 1.0}}, r"clip: expected either norm .* or value"),
    (RNN, {"clip": {"norm": -1.0}}, r"clip\.norm: should be greater than 0, got -1\.0"),
    (RNN, {"update": {"method": "adam", "rate": 0.1, "momentum": 0.9}}, r"update\.momentum, update\.velocity: only sgd"),
    (RNN, {"update": {"method": "sgd", "rate": 0.1, "first": {"W_hh": [1]}}}, r"update\.first, update\.second: only adam"),
    (RNN, {"update": {"method": "adam", "rate": 0.1, "step": 3}}, r"update\.step: step 3 of adam needs the moments"),
    (RNN, {"update": {"method": "sgd", "rate": 0.1, "momentum": 0.9, "velocity": {"W": [1]}}}, r"update\.velocity\.W: not an"),
    (RNN, {"update": {"method": "sgd", "rate": 0.1, "momentum": 0.9, "velocity": {"b_h": [1]}}}, r"shape \(3,\), got \(1,\)"),
    (RNN, {"bidirectional": True}, r"output\.read: not stated, .* 'ends' joins .* 'position' joins"),
    (RNN, {"output": {"kind": "sigmoid", "read": "ends"}}, r"output\.read: only for two directions"),
    (RNN, {"layout": "pytorch"}, r"parameters\.weight_ih_l0: missing; the pytorch layout has it; given are W_xh"),
    (GRU, {"reset": REMOVE}, r"reset: not stated, .* two ways: 'reset: after' reads n = tanh.* 'reset: before' reads n"),
    (GRU, {"z": REMOVE}, r"z: not stated, .* 'z: keep' reads h = .* 'z: take' reads h ="),
    (GRU, {"reset": "before"}, r"parameters\.b_hn: not a parameter of this network"),
    (GRU, {"activation": "relu"}, r"activation: only an rnn has a choice"),
    (GRU, {"examples.0.targets": [0, 2, 1]}, r"examples\.1\.targets\.2: expected a class from 0 to 1, counted from 0, got 2"),
    (GRU, {"examples.0.targets": [[0.5, 0.6]] * 3}, r"targets\.1: expected a class .* or probabilities that sum to 1"),
    (GRU, {"examples.0.inputs": [[1], [2], [3]]}, r"parameters\.W_xr: expected shape \(2, 1\), got \(2, 2\)"),
    (GRU, {"examples.0.text": "a"}, r"examples\.1: expected one of words, text and inputs, got text and inputs"),
    (GRU, {"truncation": {"steps": 0, "kind": "last"}}, r"truncation\.steps: should be greater than or equal to 1, got 0"),
]  # fmt: skip


def changed(sheet: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a sheet with fields set or removed, by dotted path."""
    sheet = copy.deepcopy(sheet)
    for path, new in changes.items():
        *parents, last = path.split(".")
        place: Any = sheet
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list | tuple) else place[parent]
        if new is REMOVE:
            del place[last]
        else:
            place[last] = new
    return sheet


@pytest.mark.parametrize(
    ("sheet", "changes", "message"), WRONG, ids=[next(iter(w[1])) + str(k) for k, w in enumerate(WRONG)]
)
def test_a_wrong_sheet_is_refused_in_one_line(sheet: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        elman.explain(changed(sheet, changes))
    assert "\n" not in str(refusal.value)


def test_the_sheets_that_the_table_starts_from_are_right() -> None:
    assert elman.explain(RNN)["p"].shape == (1,)
    assert elman.explain(GRU)["p.3"].shape == (2,)


def test_the_notes_names_for_the_output_layer() -> None:
    parameters = dict(RNN["parameters"])
    parameters["W_ho"], parameters["b_o"] = parameters.pop("W_hy"), parameters.pop("b_y")
    assert elman.explain(RNN | {"parameters": parameters})["p"].array == elman.explain(RNN)["p"].array


def test_yaml_is_read_strictly() -> None:
    with pytest.raises(DataError, match=r"mine: not readable as YAML: .*cell is given twice"):
        parse("cell: rnn\ncell: gru\n", "mine")
    with pytest.raises(DataError, match="mine: not readable as YAML"):
        parse("cell: [rnn", "mine")
    with pytest.raises(DataError, match=r"not readable as YAML: .*python/name"):
        parse("cell: !!python/name:os.system", "mine")
    with pytest.raises(InputError, match="mine: expected fields such as 'cell: rnn', got str"):
        parse("rnn", "mine")
    with pytest.raises(InputError, match=r"mine: parameters: field required \(2 more to put right after this\)"):
        parse("cell: rnn", "mine")


def test_words_that_yaml_would_turn_into_truth_values() -> None:
    text = "cell: rnn\nembeddings: {no: [1], yes: [0]}\nparameters: {W_xh: [[1]], W_hh: [[0.5]], b_h: 0, W_hy: [[1]], b_y: 0}\n"
    text += "examples: [{words: [no, yes]}]\noutput: {kind: linear, at: last}\n"
    trace = elman.explain(parse(text, "mine"))
    assert trace["E.no"].array == 1
    assert "loss" not in trace
    assert trace.check_line is None


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "sheet.yaml"
    with pytest.raises(InputError, match=r"sheet\.yaml: no such worksheet; give a YAML file or one of exploding, gru"):
        elman.explain(path)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="cannot be read"):
        elman.explain(str(path))


@pytest.mark.parametrize("given", [3, None, [1], object()])
def test_what_is_no_worksheet(given: Any) -> None:
    with pytest.raises(
        InputError, match="worksheet: expected a name, a path, a mapping, a Worksheet, or a torch module"
    ):
        elman.explain(given)


def test_numbers_that_grow_too_large_are_named() -> None:
    sheet = load("exploding").model_dump(exclude_none=True)
    sheet["parameters"]["W_hh"] = [[1e200, 0.0], [0.0, 1e200]]
    with pytest.raises(ElmanError, match=r"a\.3: the value is not finite"):
        elman.explain(sheet)


def test_size() -> None:
    def network(hidden: int, steps: int) -> dict[str, Any]:
        parameters = {"W_xh": [[0.1]] * hidden, "W_hh": [[0.01] * hidden] * hidden, "b_h": [0.0] * hidden}
        example = {"inputs": [[1.0]] * steps, "target": [0.0] * hidden}
        loss = {"kind": "half_squares", "at": "last"}
        return {"cell": "rnn", "parameters": parameters, "examples": [example], "output": "none", "loss": loss}

    with pytest.raises(InputError, match=r"numbers, more than the 2,000,000 that are worked; take a smaller"):
        elman.explain(network(200, 100))
    trace = elman.explain(network(40, 60))
    with pytest.raises(InputError, match=r"50,000 shown at once; ask for one value \(--id dW_hh, --id h\.1 to h\.60"):
        trace.to("terminal")
    assert "h_60" in trace.to("terminal", id="h.60")
    assert "dh_59" in trace.to("terminal", step=59, only="backward")
