"""Text of a sheet in every renderer: no control character, no HTML, no LaTeX command, no end of a script element."""

import functools
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

import elman
from elman.errors import ElmanError
from elman.quoting import printable
from elman.worked.entry import FORMATS, Trace
from elman.worked.render.markdown import code, escape

HOSTILE = {
    "escape": "\x1b]0;PWN\x07\x1b[31mred",
    "c1": "\x9b31mred\x85next",
    "html": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "comment": "<!--DATA--><!--SCRIPT-->",
    "markdown": "[a](javascript:alert(1)) `x` **b** $y$ | ![i](http://a/b)",
    "backticks": "``` ` <b>x</b>",
    "heading": "# big\n\n<b>raw</b>\n\n- item",
    "latex": r"\input{/etc/passwd} $\write18{ls}$ } \end{document} ^^5cinput{x} %",
    "bidi": "a\u202eb\u2066c\u2028d",
    "entities": "&lt;b&gt; &amp; &#60;i&#62;",
    "nul": "a\x00b",
    "return": "over\rwritten",
}
OPTIONS: list[dict[str, Any]] = [{}, {"blank": True, "notation": "ng"}]
OF_A_TERMINAL: list[dict[str, Any]] = [{"ascii": True}, {"blank": True}, {"notation": "ng"}, {"id": "1/x.1"}]


@functools.cache
def sheet(text: str) -> Trace:
    """A sheet with this text wherever a sheet has text; its words are the text's, none twice, without spaces."""
    words = [part[:60] for part in dict.fromkeys(text.split())]
    return elman.explain(
        {
            "title": text,
            "note": text,
            "cell": "rnn",
            "embeddings": {word: [0.1 * k, 1] for k, word in enumerate(words)},
            "parameters": {"W_xh": [[0.5, -0.3]], "W_hh": [[0.5]], "b_h": 0, "W_hy": [[1]], "b_y": 0},
            "examples": [{"words": words, "target": 1}, {"text": text, "target": 0}],
            "output": "sigmoid",
            "loss": {"kind": "binary_cross_entropy", "at": "last", "over_examples": "sum"},
            "update": {"method": "sgd", "rate": 0.1},
        }
    )


@pytest.fixture(params=sorted(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> Trace:
    return sheet(HOSTILE[request.param])


class Tags(HTMLParser):
    """The elements of a text, and what stands in its script elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("kind", FORMATS)
def test_no_renderer_passes_a_control_character_on(hostile: Trace, kind: str) -> None:
    for options in [*OPTIONS, *(OF_A_TERMINAL if kind == "terminal" else [])]:
        text = hostile.to(kind, **options)
        text.encode("utf-8")
        assert printable(text, keep="\n\t") == text


def markdown(trace: Trace) -> Iterator[str]:
    yield trace.to("markdown")
    for cell in json.loads(trace.to("ipynb"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])


def test_no_html_or_link_reaches_markdown_or_a_notebook(hostile: Trace) -> None:
    for text in markdown(hostile):
        outside = re.sub(r"(`+) .*? \1|`[^`\n]+`", "", text)  # code is shown as it stands
        assert not re.search(r"<[a-zA-Z/!?]", outside), outside
        assert not re.search(r"(?<!\\)\]\(", outside)


def test_the_code_of_a_notebook_compiles(hostile: Trace) -> None:
    for cell in json.loads(hostile.to("ipynb"))["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), "cell", "exec")


def test_no_command_reaches_latex(hostile: Trace) -> None:
    text = hostile.to("latex")
    for command in (r"\input", r"\write", "^^"):
        assert command not in text
    assert text.count(r"\end{document}") == 1
    depth = 0
    for sign in re.sub(r"\\[\\{}%$&#_]", "", text):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0


@functools.cache
def own_tags() -> Tags:
    return Tags(sheet("plain words").to("html"))


def test_the_page_has_no_element_of_the_sheet(hostile: Trace) -> None:
    own, page = own_tags(), Tags(hostile.to("html"))
    assert page.found == own.found
    assert page.attributes == own.attributes


def test_marks_and_errors_are_printable(hostile: Trace) -> None:
    key = next(key for key in hostile.values if key.startswith("E."))
    marks = hostile.check({key: [0.5, 0.5], f"d{key}": [0.123, 0.456]})
    for text in (str(marks), marks.to("json"), marks.to("terminal", ascii=True)):
        assert printable(text, keep="\n") == text
    for ask in ("E.\x1b[31m", "\x07" * 300):
        with pytest.raises(ElmanError) as caught:
            hostile[ask]
        assert printable(str(caught.value)) == str(caught.value)


def test_escaping_leaves_words_readable() -> None:
    assert escape("plain words, 1 - tanh², p ∘ (dp - dp·p)") == "plain words, 1 - tanh², p ∘ (dp - dp·p)"
    assert escape("# a\nb_c") == r"\# a b\_c"
    assert escape("1. first") == r"1\. first"
    assert escape("- a < b") == r"\- a &lt; b"
    assert code("dh.1") == "`dh.1`"
    assert code("E.`") == "`` E.` ``"


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
@pytest.mark.parametrize("field", ["title", "note", "notation"])
def test_half_of_a_character_is_refused(text: str, field: str) -> None:
    fields = elman.explain("not-very-good").problem.sheet.model_dump(exclude_unset=True)
    with pytest.raises(ElmanError, match=f"{field}: got .*holds half of a character"):
        elman.explain(fields | {field: text})
