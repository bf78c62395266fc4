"""Messages say "got", and docstrings open with a verb or a sentence, never with a noun clause."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "elman"
NOUN_CLAUSE = re.compile(r"(What|Which|Who|Whose|How|From|Where|Whether)\b")
CAME = re.compile(r"\bcame\b(?! (?:before|from))")


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each docstring of a module, class or function."""
    for node in ast.walk(tree):
        with_docstring = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if with_docstring and (words := ast.get_docstring(node)):
            yield node.body[0].lineno, words


def messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string that is no docstring and no expression of its own."""
    idle = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in idle:
            yield node.lineno, node.value


def to_change(source: str, name: str) -> list[str]:
    """List the docstrings and messages to change, as lines to read."""
    tree = ast.parse(source)
    opened = [(line, words.splitlines()[0]) for line, words in docstrings(tree) if NOUN_CLAUSE.match(words)]
    came = [(line, words) for line, words in messages(tree) if " " in words and CAME.search(words)]
    return [f"{name}:{line}: open with a verb or a sentence: {words}" for line, words in opened] + [
        f'{name}:{line}: say "got": {words}' for line, words in came
    ]


def test_words_are_plain():
    files = sorted(PACKAGE.rglob("*.py"))
    found = [
        line for file in files for line in to_change(file.read_text(encoding="utf-8"), str(file.relative_to(PACKAGE)))
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        '"""What a layer does."""',
        'class A:\n    """Which cell it is."""',
        'def f():\n    """From a table to numbers."""',
        'def f(x):\n    raise ValueError(f"x: expected 1, {x} came")',
    ],
)
def test_a_wrong_word_is_seen(source):
    assert len(to_change(source, "stray.py")) == 1


def test_plain_words_pass():
    source = (
        '"""Run a layer."""\n\n\ndef f(x):\n    """Check x. From 1 on it is large."""\n    raise ValueError("x: got 1")'
    )
    assert to_change(source, "plain.py") == []
