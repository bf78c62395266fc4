"""Pictures drawn with Matplotlib: what stands on the axes is what was given, and bad input is one clear line."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from elman.errors import InputError, ModelFileError
from elman.pictures import (
    attention_map,
    captions,
    confusion,
    eigenvalues,
    gate_map,
    gradient_flow,
    losses,
    phase,
    save,
    text_map,
)

NAN, INF = float("nan"), float("inf")


def drawn(figure):
    """Everything is laid out and drawn, so that what fails late fails here."""
    FigureCanvasAgg(figure).draw()
    return figure.axes[0]


def words(axes):
    return [text.get_text() for text in axes.texts]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(("T", "H"), [(1, 1), (1, 7), (200, 1), (3, 256)])
def test_a_gate_map_holds_every_value_at_its_step_and_unit(T, H):
    values = np.random.default_rng(0).uniform(size=(T, H))
    axes = drawn(gate_map(values))
    (image,) = axes.images
    assert np.array_equal(image.get_array(), values.T)
    assert image.get_extent() == [0.5, T + 0.5, -0.5, H - 0.5]
    assert image.get_clim() == (0, 1)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time step t", "unit")
    assert all(1 <= at <= T and at == int(at) for at in axes.get_xticks())


@pytest.mark.parametrize(
    ("values", "limits"),
    [([[0.0, 1.0]], (0, 1)), ([[-0.2, 0.3]], (-1, 1)), ([[0.5, -3.0]], (-3, 3)), ([[NAN, NAN]], (0, 1))],
)
def test_the_colours_of_a_gate_map_span_what_its_values_are(values, limits):
    (image,) = drawn(gate_map(values)).images
    assert image.get_clim() == limits


def test_what_is_no_number_is_crossed_out():
    values = np.zeros((4, 3))
    values[1, 2] = NAN
    values[3, 0] = INF
    axes = drawn(gate_map(values))
    (crosses,) = axes.collections
    assert crosses.get_offsets().tolist() == [[2, 2], [4, 0]]
    assert "2 of 12" in axes.get_title("left")


def test_words_of_a_gate_map_are_taken_as_they_are():
    axes = drawn(gate_map(np.zeros((4, 2)), ["$x$", "\n", " ", "Donaudampfschifffahrt"]))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["$x$", "⏎", "␣", "Donaudampfschifff…"]


def test_captions_show_right_and_wrong_ones_with_what_should_have_been():
    images = np.arange(30 * 4 * 5).reshape(30, 4, 5)
    written, wanted = ["$b$ right"] * 27 + ["wrong", "", "right"], ["$b$ right"] * 27 + ["one", "two", "right"]
    places = drawn(captions(images, written, wanted)).child_axes
    said = [[text.get_text() for text in place.texts] for place in places]
    assert said == [["$b$ right"]] * 22 + [["✗ wrong", "one"], ["✗ (nothing)", "two"]]
    assert [place.images[0].get_array().max() for place in places] == [1.0] * 24
    assert len(drawn(captions(images[..., None], written)).child_axes) == 24
    with pytest.raises(InputError, match="written: expected 30 texts, one for each image, got 1"):
        captions(images, ["one"])
    with pytest.raises(InputError, match="images: expected"):
        captions(images[0], written)


def test_an_attention_map_has_the_source_across_and_the_target_down():
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    axes = drawn(attention_map(torch.tensor(weights), ["a", "$b$", "c"], ["X", " "]))
    (image,) = axes.images
    assert np.array_equal(image.get_array(), weights)
    assert image.get_clim() == (0, 1)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "$b$", "c"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["X", "␣"]
    with pytest.raises(InputError, match=r"source: expected 3, one for each step, got 1"):
        attention_map(weights, ["a"], ["X", "Y"])


def test_a_tensor_with_a_history_is_welcome():
    values = torch.rand(3, 2, requires_grad=True)
    (image,) = drawn(gate_map(values)).images
    assert np.array_equal(image.get_array(), values.detach().numpy().T)


@pytest.mark.parametrize("curve", [[1e-300, 1], [5e-324, 1.7e308], [1e308, 1.7e308], [1e-308, 1e-307], [1, 1], [0, 0]])
def test_norms_of_any_size_are_drawn(curve):
    drawn(gradient_flow({"a": curve}))


def test_gradient_flow_is_logarithmic_and_names_its_curves():
    axes = drawn(gradient_flow({"rnn": [1, 0.1, 0.01], "lstm": [1, 0.9, 0.8]}))
    rnn, lstm = axes.lines[:2]
    assert axes.get_yscale() == "log"
    assert rnn.get_ydata().tolist() == [1, 0.1, 0.01]
    assert legend(axes) == ["rnn", "lstm"]
    assert (rnn.get_color(), rnn.get_linestyle()) != (lstm.get_color(), lstm.get_linestyle())
    assert "lag" in axes.get_xlabel()
    assert "norm" in axes.get_ylabel()


def test_norms_without_a_place_on_the_scale_are_marked_where_they_begin():
    axes = drawn(gradient_flow({"dies": [1, 0.5, 0, 0], "bursts": [1, 1e300, INF, NAN]}))
    dies, bursts, zero, infinite = axes.lines
    assert np.isnan(dies.get_ydata()[2:]).all()
    assert np.isnan(bursts.get_ydata()[2:]).all()
    assert (zero.get_xdata()[0], zero.get_marker()) == (2, "v")
    assert (infinite.get_xdata()[0], infinite.get_marker()) == (2, "X")


def test_a_gradient_that_is_zero_everywhere_is_still_a_picture():
    axes = drawn(gradient_flow({"zero": [0.0, 0.0]}))
    assert axes.get_ylim() == (1e-12, 1)


def test_eigenvalues_stand_where_they_are_beside_their_radius():
    axes = drawn(eigenvalues({"W_hh": [2j, -2j], "one": torch.tensor([0.5])}))
    first, second = axes.collections
    assert first.get_offsets().tolist() == [[0, 2], [0, -2]]
    assert second.get_offsets().tolist() == [[0.5, 0]]
    assert legend(axes) == ["W_hh: spectral radius 2", "one: spectral radius 0.5"]
    circle = axes.lines[0].get_xydata()
    assert np.allclose(np.hypot(*circle.T), 1)
    assert axes.get_aspect() == 1


def test_a_phase_plot_follows_the_two_units():
    h = np.random.default_rng(0).normal(size=(5, 4))
    axes = drawn(phase(h, 1, -1, list("abcde")))
    assert np.array_equal(axes.lines[0].get_xydata(), h[:, [1, 3]])
    assert words(axes) == list("abcde")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("h, unit 1", "h, unit 3")
    assert legend(axes) == ["t = 1", "t = 5"]


@pytest.mark.parametrize("h", [np.zeros((1, 2)), np.full((3, 2), NAN), np.zeros((200, 2))])
def test_a_phase_plot_of_almost_nothing_is_still_a_picture(h):
    assert drawn(phase(h, labels=["x"] * len(h))).collections


def test_a_state_that_is_no_number_breaks_the_way_and_is_counted():
    h = np.ones((4, 2))
    h[0] = NAN
    axes = drawn(phase(h))
    assert axes.get_title("right") == "1 of 4 states are not finite"
    assert legend(axes) == ["t = 2", "t = 4"]


def test_a_text_map_colours_by_value_and_underlines_what_is_below_zero():
    axes = drawn(text_map(["good", "bad", "$x$", "nan"], [0.5, -1.0, 0.0, NAN]))
    assert words(axes) == ["good", "bad", "$x$", "nan"]
    good, bad, zero, nan = axes.patches
    assert good.get_facecolor()[2] > good.get_facecolor()[0]
    assert bad.get_facecolor()[0] > bad.get_facecolor()[2]
    assert [round(patch.get_alpha(), 3) for patch in (good, bad, zero)] == [0.3, 0.6, 0]
    assert not nan.get_fill()
    (underline,) = axes.lines
    assert bad.get_x() < underline.get_xdata()[0] < bad.get_x() + bad.get_width()


def test_a_long_text_is_broken_into_rows_and_at_its_own_line_ends():
    axes = drawn(text_map([*"ab", "\n", *"c" * 100], np.zeros(103)))
    rows = [round(text.get_position()[1] - 0.52) for text in axes.texts]
    assert rows == [0] * 3 + [1] * 80 + [2] * 20


def test_losses_show_both_curves_the_best_and_the_baselines():
    axes = drawn(losses(([0, 1], [3.0, 2.0]), ([1, 2, 3], [2.5, 1.5, 1.6]), x="chars", baselines={"bigram": 2.5}))
    assert legend(axes) == ["training", "held out"]
    assert {"best 1.500", "bigram 2.50"} <= set(words(axes))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("chars", "loss (nats)")
    drawn(losses(None))


LONG = "what somebody calls it when there is all the time in the world to find a name " * 3


@pytest.mark.parametrize(("scale", "best"), [(1e-12, 0), (1.0, 5), (1e7, 9)])
@pytest.mark.parametrize(("x", "unit", "name"), [("chars", "nats/char", "bigram"), (LONG, f"nats/{LONG}", LONG)])
def test_every_word_of_a_picture_of_losses_is_within_it(scale, best, x, unit, name):
    read, loss = np.arange(10) * 1e5, scale * np.linspace(5, 1, 10)
    held_out = np.where(np.arange(10) == best, 0.5 * scale, loss)
    axes = drawn(losses((read, loss), (read, held_out), x=x, unit=unit, baselines={name: 4.6 * scale, "other": scale}))
    labels = [axes.xaxis.label, axes.yaxis.label, *axes.texts, *axes.get_legend().get_texts()]
    (bits,) = axes.child_axes
    picture = axes.figure.bbox
    for box in (text.get_window_extent() for text in [*labels, bits.yaxis.label]):
        assert picture.x0 <= box.x0 <= box.x1 <= picture.x1
        assert picture.y0 <= box.y0 <= box.y1 <= picture.y1
    best_box = next(text for text in axes.texts if text.get_text().startswith("best")).get_window_extent()
    assert axes.bbox.x0 - 1 <= best_box.x0 <= best_box.x1 <= axes.bbox.x1 + 1


def test_losses_near_each_other_have_their_names_apart():
    axes = drawn(losses(([1, 2], [5, 1]), baselines={"tag counts": 0.112, "token's tags": 0.105}))
    upper, lower = (text.get_window_extent() for text in axes.texts)
    assert upper.y0 >= lower.y1


def test_given_axes_are_drawn_in():
    figure = Figure()
    axes = figure.subplots(3, 2).ravel()
    made = [
        gate_map([[1.0]], ax=axes[0]),
        gradient_flow({"a": [1]}, axes[1]),
        eigenvalues({"a": [1]}, axes[2]),
        phase([[0, 1]], ax=axes[3]),
        text_map(["a"], [1], axes[4]),
        losses(([1], [1]), ax=axes[5]),
    ]
    assert all(one is figure for one in made)
    figure.canvas.draw()


WRONG = [
    (lambda: gate_map(np.zeros((2, 3, 4))), r"values: expected shape \(T, H\), got \(2, 3, 4\): choose one sequence"),
    (lambda: gate_map(np.zeros(3)), r"values: expected shape \(T, H\), got \(3,\)"),
    (lambda: gate_map(np.zeros((0, 3))), r"with something in it, got \(0, 3\)"),
    (lambda: gate_map([["a", "b"]]), r"values: expected real numbers of shape \(T, H\)"),
    (lambda: gate_map([[1, 2], [3]]), "values: expected real numbers"),
    (lambda: gate_map([[1j]]), "complex"),
    (lambda: gate_map(torch.zeros(1, 1, dtype=torch.bfloat16)), "torch.bfloat16"),
    (lambda: gate_map(np.zeros((2, 2)), ["one"]), "steps: expected 2, one for each step, got 1"),
    (lambda: gate_map(np.zeros((2, 2)), limits=(1, 1)), "limits: expected"),
    (lambda: gate_map(np.zeros((2, 2)), ax=3), "ax: expected Matplotlib axes or None, got int"),
    (lambda: gradient_flow([1, 2]), "curves: expected a dict .*, got list"),
    (lambda: gradient_flow({}), "got an empty one"),
    (lambda: gradient_flow({"a": [[1]]}), r"curves\['a'\]: expected shape \(lag,\), got \(1, 1\)"),
    (lambda: gradient_flow({"a": [1, -2]}), "norms of 0 or more, got -2"),
    (lambda: eigenvalues({"a": [1, NAN]}), r"eigs\['a'\]: expected finite numbers, 1 are not"),
    (lambda: phase([[0.0]]), "j: h has 1 units, 0 to 0, got 1"),
    (lambda: phase(np.zeros((2, 2)), labels=["a"]), "labels: expected 2"),
    (lambda: text_map(["a"], [1, 2]), "tokens: expected 2, one for each step, got 1"),
    (lambda: text_map([], []), r"values: expected shape \(T,\) with something in it"),
    (lambda: losses(([1, 2], [1])), "training: expected a loss for each place, got 1 for 2"),
]


@pytest.mark.parametrize(("draw", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_input_is_one_clear_line(draw, said):
    with pytest.raises(InputError, match=said) as caught:
        draw()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_same_picture_is_saved_as_the_same_bytes(tmp_path, kind, begins):
    for name in ("a", "b"):
        save(eigenvalues({"W": [0.5, -0.5]}), tmp_path / f"{name}.{kind}")
    first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("a", "b"))
    assert first.startswith(begins)
    assert first == second


def test_what_cannot_be_saved_is_said_and_what_was_there_stays(tmp_path, monkeypatch):
    figure = gate_map([[1.0]])
    path = tmp_path / "p.png"
    path.write_text("before")
    with pytest.raises(InputError, match=r"p.gif: this picture is written as .png, .svg or .pdf"):
        save(figure, tmp_path / "p.gif")
    with pytest.raises(ModelFileError, match="cannot be written"):
        save(figure, tmp_path / "nowhere" / "p.png")
    with pytest.raises(InputError, match="figure: expected a figure, SVG or HTML"):
        save(3, path)

    def fails(*_, **__):
        raise RuntimeError("while drawing")

    monkeypatch.setattr(Figure, "savefig", fails)
    with pytest.raises(RuntimeError):
        save(figure, path)
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["p.png"]


def test_a_notebook_shows_a_figure_without_pyplot():
    assert gate_map([[1.0]])._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(("count", "length"), [(9, 12), (9, 2), (78, 12), (110, 3)])
def test_names_of_classes_do_not_run_into_each_other(count, length):
    names = [f"{at:0{length}}" for at in range(count)]
    figure = confusion(np.eye(count), names)
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    (axes, *_) = figure.axes
    upright = [tick.label1 for tick in axes.yaxis.get_major_ticks()]
    assert [label.get_text() for label in upright] == names
    if count > 30:
        upright += [tick.label1 for tick in axes.xaxis.get_major_ticks()]
    boxes = [label.get_window_extent() for label in upright]
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))
