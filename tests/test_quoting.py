from hypothesis import given
from hypothesis import strategies as st

from elman.quoting import MOST_QUOTED, printable, quote


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
