"""Measure the shape of the code: `python -m benchmarks.house` prints each figure beside its limit, and fails on a miss.

Counted on `src/elman` by syntax trees and the import graph, repeated lines on the whole tree; nothing of the package is
run. The limits are those of code bases of this field that read well (equinox, starlette), or, where they have no like,
set by hand.
"""

import ast
import re
import statistics
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import grimp
import networkx

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "elman"
ROOMS = ("src", "tests", "benchmarks", "examples")
PASSED_OVER = {  # the endings of code, and the beginnings of its lines that do not count
    ".py": ("#", "import ", "from "),
    ".h": ("//", "#include", "#pragma", "namespace"),
    ".cpp": ("//", "#include", "#pragma", "namespace"),
    ".js": ("//", "/*", "* ", "import "),
}
KEYWORDS = re.compile("and|assert|class|const|def|else|except|for|if|in|not|or|raise|return|try|while|with|yield")
SHARED_LINES = 6
LOGIC_LINES = 2  # of the shared ones; with fewer a run is a table of data, a list of names or a signature
TOO_COMMON = 8  # places of one run; more is a habit of the language, not a repetition
_VALUE = r"""(?:[rfb]*"[^"]*"|[rfb]*'[^']*'|-?\d[\w.]*|None|True|False)"""
_DATA = rf"(?:{_VALUE}|[(\[{{](?:{_VALUE}(?:, |: )?)*[)\]}}])"
PLAIN = re.compile(  # an entry, a lone name or value, a passed argument, a declaration, a decorator, a head
    rf"(?:{_DATA}: )?{_DATA},?|[\w.]+,?|\w+ ?= ?(?:{_DATA}|[\w.]+),?|\w+: [\w.\[\], |\"]+(?: = {_DATA})?,?|"
    r"@.*|class .*:|(?:async )?def \w+\(|\)(?: -> .*)?[:,]?"
)
NOUN_CLAUSES = {"What", "Who", "Which", "How", "From", "Where", "Whether"}


@dataclass(frozen=True)
class Figure:
    """One measured figure and its limits, both included."""

    name: str
    value: float
    most: float
    least: float = 0

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        limit = f"at most {self.most:g}" if not self.least else f"{self.least:g} to {self.most:g}"
        return f"{self.name:58} {self.value:8g}   {limit:15} {'' if self.holds else 'MISSED'}".rstrip()


def trees(folder: Path = PACKAGE) -> dict[Path, ast.Module]:
    """Parse every Python file of a folder."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.rglob("*.py"))}


def room(module: str, inside: str) -> str:
    """Return the child of a package that a module belongs to."""
    return module.removeprefix(f"{inside}.").split(".")[0]


def arrows(graph: grimp.ImportGraph, inside: str) -> int:
    """Count the pairs of children of a package of which one imports the other."""
    modules = graph.find_descendants(inside)
    pairs = {
        (room(module, inside), room(imported, inside))
        for module in modules
        for imported in graph.find_modules_directly_imported_by(module)
        if imported in modules
    }
    return sum(importer != imported for importer, imported in pairs)


def cycles(graph: grimp.ImportGraph) -> int:
    """Count the groups of modules that import each other in a circle; lazy and type-only imports count."""
    edges = networkx.DiGraph()
    for module in graph.modules:
        edges.add_edges_from((module, imported) for imported in graph.find_modules_directly_imported_by(module))
    return sum(len(group) > 1 for group in networkx.strongly_connected_components(edges))


def parameters(tree: ast.Module) -> Iterator[int]:
    """Yield the number of parameters of each function, without `self` and `cls`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield sum(argument.arg not in {"self", "cls"} for argument in every)


def opens_with_a_noun_clause(tree: ast.Module) -> bool:
    """Tell whether the docstring of a module opens with "What ..." or its like instead of a sentence."""
    return (ast.get_docstring(tree) or "").split(" ", 1)[0] in NOUN_CLAUSES


def strings(tree: ast.Module) -> Iterator[str]:
    """Yield the constant strings of a file that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def shape(line: str) -> str:
    """Reduce a line of code to its shape: names, strings and numbers become one sign each."""
    line = re.sub(r"\"[^\"]*\"|'[^']*'", "s", line)
    return re.sub(r"[A-Za-z_]\w*|\d[\w.]*", lambda word: word[0] if KEYWORDS.fullmatch(word[0]) else "n", line)


@dataclass(frozen=True)
class Line:
    """A line of code that counts; `plain` where it is data, a lone name or a declaration, without logic."""

    file: Path
    number: int
    text: str
    plain: bool


def code_lines(file: Path, *, docstrings: bool) -> list[Line]:
    """Return the lines of a file that count: no comment, import or lone punctuation, and docstrings if wanted."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        kept = [r"^(?:from|import) [^\n(]*\([^)]*\)", *([] if docstrings else [r'"""(?:[^"]|"(?!""))*"""'])]
        for pattern in kept:
            text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.MULTILINE)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    counted = [
        (n, line) for n, line in lines if re.search(r"\w", line) and not line.startswith(PASSED_OVER[file.suffix])
    ]
    return [Line(file, n, line, PLAIN.fullmatch(line) is not None) for n, line in counted]


def windows(files: Iterable[Path], *, same: bool) -> Iterator[tuple[str, Line]]:
    """Yield each run of lines with logic, or of their shapes, and where it begins."""
    for file in files:
        lines = code_lines(file, docstrings=same)
        texts = [line.text if same else shape(line.text) for line in lines]
        for start in range(len(lines) - SHARED_LINES + 1):
            run = slice(start, start + SHARED_LINES)
            if sum(not line.plain for line in lines[run]) >= LOGIC_LINES:
                yield "\n".join(texts[run]), lines[start]


def repeated(root: Path = ROOT) -> list[tuple[Line, Line]]:
    """Return the pairs of places that share six lines or more in a row, the same or of the same shape.

    Two files, or a file and itself, are one pair, however many runs they share: that of their first shared run.
    """
    files = [path for room in ROOMS for path in sorted((root / room).rglob("*")) if path.suffix in PASSED_OVER]
    pairs: dict[tuple[Path, Path], tuple[Line, Line]] = {}
    for same in (True, False):
        places = defaultdict(list)
        for run, begin in windows(files, same=same):
            places[run].append(begin)
        common = (found for found in places.values() if 1 < len(found) <= TOO_COMMON)
        for a, b in (pair for found in common for pair in combinations(found, 2)):
            if a.file != b.file or b.number - a.number >= SHARED_LINES:
                pairs.setdefault((a.file, b.file), (a, b))
    return sorted(pairs.values(), key=lambda pair: (pair[0].file, pair[1].file))


def recipe_steps(title: str) -> int:
    """Count the numbered steps under a heading of CONTRIBUTING.md."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return len(re.findall(r"^\d+\. ", section, re.MULTILINE))


def figures() -> list[Figure]:
    """Measure everything."""
    graph = grimp.build_graph("elman", cache_dir=None)
    parsed = trees()
    counts = [count for tree in parsed.values() for count in parameters(tree)]
    lengths = [len(file.read_text(encoding="utf-8").splitlines()) for file in parsed]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    noun_clauses = sum(map(opens_with_a_noun_clause, parsed.values())) / len(parsed)
    loose = [file for file in (PACKAGE / "models").glob("*.py") if file.name != "__init__.py"]
    names = {re.split(r"[><=~\[]", line)[0].lower() for line in project["dependencies"]}
    beyond = names - {"torch", "numpy", "safetensors", "typer", "rich", "lazy_loader"}  # Typer needs Rich
    messages = [text for tree in parsed.values() for text in strings(tree)]
    return [
        Figure("files loose in models/", len(loose), 3),
        Figure("import arrows between the rooms of models/", arrows(graph, "elman.models"), 45),
        Figure("functions with more than 8 parameters", sum(count > 8 for count in counts), 12),
        Figure("most parameters of a function", max(counts), 20),
        Figure("import cycles, lazy and type-only imports counted", cycles(graph), 0),
        Figure("pairs of places that share six lines, or their shape", len(repeated()), 45),
        Figure("module docstrings that open with a noun clause, %", round(100 * noun_clauses, 1), 0),
        Figure('messages that say "came"', sum(bool(re.search(r"\bcame\b", text)) for text in messages), 0),
        Figure("median length of a file, lines", statistics.median(lengths), 160, least=110),
        Figure("longest file, lines", max(lengths), 400),
        Figure('steps of the recipe "Add a cell"', recipe_steps("Add a cell"), 7),
        Figure("mandatory dependencies beyond torch, NumPy, safetensors, Typer", len(beyond), 0),
    ]


def main() -> int:
    """Print the table; return 1 where a limit is missed."""
    found = figures()
    print(*found, sep="\n")
    for a, b in repeated():
        print(f"  {a.file.relative_to(ROOT)}:{a.number} ~ {b.file.relative_to(ROOT)}:{b.number}")
    return int(not all(figure.holds for figure in found))


if __name__ == "__main__":
    sys.exit(main())
