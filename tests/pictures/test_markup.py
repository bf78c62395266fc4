"""Pictures written as SVG and HTML: parsed as such, counted, and nothing outside the frame."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.cli import main
from elman.errors import InputError
from elman.pictures import save, text_map_html, unrolled
from elman.pictures.raster import figure_from
from elman.pictures.unrolling import SHAPES

SOURCES = Path(__file__).parents[2] / "src"
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(svg)


def of_class(svg, name):
    return [element for element in parsed(svg).iter() if element.get("class") == name]


def texts(svg):
    return ["".join(text.itertext()) for text in parsed(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("shape", "cells", "inputs", "outputs", "fed"),
    [
        ("one-to-one", 1, 1, 1, 0),
        ("one-to-many", 3, 3, 3, 2),
        ("many-to-one", 3, 3, 1, 0),
        ("many-to-many", 3, 3, 3, 0),
        ("encoder-decoder", 6, 6, 3, 2),
    ],
)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_shape_has_its_cells_inputs_and_outputs(cell, shape, cells, inputs, outputs, fed):
    svg = unrolled(cell, shape, steps=1 if shape == "one-to-one" else 3)
    counted = [len(of_class(svg, name)) for name in ("cell", "input", "output", "fed")]
    assert counted == [cells, inputs, outputs, fed]
    assert texts(svg).count(cell.upper()) == cells
    states = {"rnn": {"h"}, "gru": {"h"}, "lstm": {"c", "h"}}[cell]
    assert {word[0] for word in texts(svg) if re.fullmatch(r"[ch]0", word)} == states


def test_layers_and_directions_multiply_the_cells():
    assert len(of_class(unrolled("gru", layers=3, steps=2), "cell")) == 6
    assert len(of_class(unrolled("gru", layers=2, steps=2, bidirectional=True), "cell")) == 8
    decoder = unrolled("gru", "encoder-decoder", layers=2, steps=2, bidirectional=True)
    assert len(of_class(decoder, "cell")) == 2 * 2 * 2 + 2 * 2  # the decoder reads one way


def test_an_output_that_is_fed_back_stands_under_the_next_step():
    said = texts(unrolled("lstm", "encoder-decoder", labels=["I", "run"], outputs=["je", "cours"]))
    assert said.count("je") == 2
    assert said.count("cours") == 1
    assert said.count("start") == 1


def test_of_a_long_run_the_middle_is_left_out():
    said = texts(unrolled("lstm", steps=200, layers=2))
    assert {"x1", "x4", "x199", "x200"} <= set(said)
    assert "x5" not in said
    assert said.count("⋯") == 2
    seven = texts(unrolled("lstm", steps=7))
    assert "⋯" not in seven


def test_steps_left_out_of_a_decoder_stand_in_its_own_rows_alone():
    said = texts(unrolled("gru", "encoder-decoder", steps=20, bidirectional=True))
    assert said.count("⋯") == 2 + 1  # two rows in the encoder, one in the decoder


words = st.text(max_size=30)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_is_asked_for_is_xml_with_everything_inside_its_frame(data):
    shape = data.draw(st.sampled_from(SHAPES))
    steps = 1 if shape == "one-to-one" else data.draw(st.integers(1, 20))
    labels = data.draw(st.lists(words, min_size=steps, max_size=steps)) if shape != "one-to-many" else None
    svg = unrolled(
        data.draw(st.sampled_from(["rnn", "gru", "lstm"])),
        shape,
        steps=steps,
        labels=labels,
        bidirectional=shape != "one-to-many" and data.draw(st.booleans()),
        layers=data.draw(st.integers(1, 8)),
    )
    root = parsed(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for path in root.iter(f"{SVG}path"):
        if path.get("d").startswith("M0 0L8"):
            continue  # the head of an arrow, in its own units
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    for element in [*root.iter(f"{SVG}rect"), *root.iter(f"{SVG}text")]:
        assert 0 <= float(element.get("x", 0)) <= width
        assert 0 <= float(element.get("y", 0)) <= height


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cell": "transformer"}, "cell: expected rnn, gru, lstm, got 'transformer'"),
        ({"shape": "some-to-few"}, "shape: expected one-to-one, .*, got 'some-to-few'"),
        ({"steps": 0}, "steps: expected a whole number from 1 on, got 0"),
        ({"steps": 2.5}, "steps: expected a whole number"),
        ({"shape": "one-to-one", "steps": 2}, "one-to-one has one step, got 2"),
        ({"layers": 0}, "layers: expected 1 to 8, got 0"),
        ({"labels": "I love AI"}, "labels: expected a list of words, got the text 'I love AI'"),
        ({"labels": ["a", "b"], "steps": 3}, "labels: expected 3 for this shape and these steps, got 2"),
        ({"shape": "many-to-one", "outputs": ["a", "b"]}, "outputs: expected 1"),
        ({"shape": "one-to-many", "bidirectional": True}, "bidirectional: one-to-many feeds each output back"),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(arguments, said):
    with pytest.raises(InputError, match=said):
        unrolled(**{"cell": "rnn", **arguments})


def test_a_text_map_in_html_is_well_formed_and_names_each_value():
    html = text_map_html(["<b>", " ", "good\n", "odd"], [0.25, 0, -0.5, float("nan")], name="unit 3")
    root = ElementTree.fromstring(html.replace("&#8203;", ""))
    spans = list(root.iter("span"))
    assert [span.text for span in spans] == ["<b>", " ", "good⏎", "odd"]
    assert [span.get("title") for span in spans] == ["0.25", "0", "-0.5", "nan"]
    assert "border-bottom" in spans[2].get("style")
    assert "border-bottom" not in spans[0].get("style")
    assert html._repr_html_() == html


def test_svg_and_html_are_saved_under_their_own_names_alone(tmp_path):
    svg, html = unrolled("rnn"), text_map_html(["a"], [1])
    save(svg, tmp_path / "a.svg")
    save(html, tmp_path / "a.html")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == svg == svg._repr_svg_()
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == html
    for name in ("a.gif", "a", "a.svg.html"):
        with pytest.raises(InputError, match=r"this picture is written as .png, .svg or .pdf: give a name"):
            save(svg, tmp_path / name)
    with pytest.raises(InputError, match=r"a.svg: this picture is written as .html"):
        save(html, tmp_path / "a.svg")


def test_the_command_draws_the_same(tmp_path, capsys):
    path = tmp_path / "net.svg"
    words = ["draw", "unrolled", "--cell", "lstm", "--shape", "many-to-one", "--labels", "I love AI", "-o", str(path)]
    assert main(words) == 0
    assert path.read_text(encoding="utf-8") == unrolled("lstm", "many-to-one", labels=["I", "love", "AI"])
    assert main(["draw", "unrolled", "--cell", "x", "-o", str(path)]) == 1
    assert capsys.readouterr().err.startswith("elman: cell: expected rnn")


def test_drawing_an_unrolled_network_does_not_wait_for_matplotlib_or_torch():
    draw = "import sys; from elman.pictures import unrolled; unrolled('rnn')"
    ask = "print({'matplotlib', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{draw}; {ask}"], capture_output=True, text=True, check=True, cwd=SOURCES
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("cell", "shape"), [("rnn", "one-to-many"), ("lstm", "many-to-one"), ("gru", "encoder-decoder")]
)
def test_an_unrolled_network_is_saved_as_a_picture_of_points(cell, shape, tmp_path):
    svg = unrolled(cell, shape, steps=2, bidirectional=shape != "one-to-many")
    for name, begins in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")):
        save(svg, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)


def test_an_ending_in_capital_letters_is_the_same_ending(tmp_path):
    for name in ("a.png", "b.PNG"):
        save(unrolled("rnn", "one-to-one"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.PNG").read_bytes()


def test_a_picture_of_points_has_every_word_as_it_was_written():
    words = ["I", "$love_x$", "猫", "a<b&c"]
    figure = figure_from(unrolled("gru", "many-to-one", labels=words, outputs=["yes"], bidirectional=True))
    assert {*words, "yes", "GRU", "r z n", "→ forward"} <= {text.get_text() for text in figure.axes[0].texts}
