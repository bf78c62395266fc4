import numpy as np
import pytest

from elman.data.aligned import align_tags, guess_kind, tokens_of
from elman.errors import DataError, InputError


def test_a_text_is_cut_and_anything_else_left_alone():
    assert tokens_of(["ab  c"], "symbols") == [["ab", "c"]]
    assert tokens_of(["ab c", ["ab c"]], "characters") == [["a", "b", " ", "c"], ["ab c"]]


@pytest.mark.parametrize(
    ("rows", "tags", "how"),
    [
        (["the cat", "so"], ["D N", "A"], "symbols"),
        (["cat", "so"], ["K AE T", "S OW"], "characters"),
        (["cat", "so"], ["xyz", "xy"], "characters"),
        (["a b", "c d"], ["X Y", "X Y"], "symbols"),
        (["cat", "so"], [[1, 2, 3], np.array([4, 5])], "characters"),
        (["cat", "so a", "be"], ["xyz", "x yz", "xy"], "symbols"),
        (["cat", "so", "be"], ["x y z", "x", "x y"], "characters"),
        (["cat", "so a"], ["xyz", "zzzz"], "characters"),
        ([["a"], ["b", "c"]], ["x", "xy"], "symbols"),
    ],
)
def test_the_cut_that_fits_the_tags_is_guessed(rows, tags, how):
    assert guess_kind(rows, tags) == how


@pytest.mark.parametrize(("how", "found"), [("words", ["ab", "c"]), ("symbols", ["aB", "c"])])
def test_words_are_in_lower_case(how, found):
    assert tokens_of(["aB c", ["aB", "c"]], how) == [found, found]


def test_numbers_have_no_case():
    assert tokens_of([np.ones(2)], "words")[0].tolist() == [1, 1]


def test_an_empty_row_is_named():
    with pytest.raises(DataError, match="row 2: the sequence is empty"):
        tokens_of(["a b", "  "], "symbols")


def test_tags_stand_beside_their_steps():
    rows = [["a", "b"], ["c"], np.zeros((3, 2)), "xy", ["d", "e"]]
    tags = ["X Y", "XX", [1, 2, 3], "01", np.array([True, False])]
    assert align_tags(rows, tags) == [["X", "Y"], ["XX"], [1, 2, 3], ["0", "1"], [True, False]]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["x y", "x y z"], "row 2: 2 steps, but 3 tags"),
        ([["x"], "x y"], "row 1: 2 steps, but 1 tags"),
        (["x y", ["x", None]], "row 2: a tag is missing"),
        ([[1.0, float("nan")], "x y"], "row 1: a tag is missing"),
        ([["", "x"], "x y"], "row 1: a tag is missing"),
    ],
)
def test_the_first_row_that_does_not_fit_is_named(tags, message):
    with pytest.raises(DataError, match=message):
        align_tags(["ab", "cd"], tags)


def test_rows_of_tags_are_counted():
    with pytest.raises(InputError, match="for each of 2 sequences, got 1 rows"):
        align_tags(["ab", "cd"], ["x y"])
