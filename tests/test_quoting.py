from hypothesis import given
from hypothesis import strategies as st

from elman.quoting import LONGEST_LIST, LONGEST_PATH, MOST_LISTED, MOST_QUOTED, listed, printable, quote, said, shown


@given(st.text(st.characters(), max_size=200) | st.binary(max_size=200) | st.lists(st.text()))
def test_a_quoted_value_is_short_and_holds_nothing_that_a_terminal_obeys(value: object) -> None:
    quoted = quote(value)
    assert len(quoted) <= MOST_QUOTED
    quoted.encode("utf-8")
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in quoted)


def test_escapes_are_shown_and_a_kept_newline_stays() -> None:
    assert printable("a\x1b[31mb\nc\u202e", keep="\n") == "a\\x1b[31mb\nc\\u202e"
    assert quote("x" * 10**7) == "'" + "x" * 56 + "..."
    assert quote("short") == "'short'"


def test_names_are_listed_with_how_many_more_there_are() -> None:
    assert listed(name for name in ["a", "b c", "d'e", "f\n", 3]) == "a, b c, d'e, 'f\\n', 3"
    assert listed(range(1234)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,224 more"
    assert listed([]) == ""
    assert listed(["x" * 10**6, "y"]) == "'" + "x" * 56 + "..., y"


@given(st.lists(st.text(max_size=300)))
def test_a_list_of_names_is_short(names: list[str]) -> None:
    found = listed(names)
    assert len(found) <= LONGEST_LIST + 30
    if names and all(name.isalnum() and len(name) < 10 for name in names):
        assert found.split(" and ")[0].split(", ") == names[:MOST_LISTED]


def test_a_path_is_shown_by_its_end() -> None:
    assert shown("a/b\x1b.csv") == "a/b\\x1b.csv"
    long = shown("/".join(["folder"] * 100) + "/name.csv")
    assert len(long) == LONGEST_PATH
    assert long.startswith("...")
    assert long.endswith("folder/name.csv")


def test_an_error_of_a_library_is_one_short_line() -> None:
    assert said(ValueError("two\nlines \x07")) == "two lines \\x07"
    assert said(KeyError()) == "KeyError"
    assert len(said(ValueError("x" * 1000))) == MOST_QUOTED
