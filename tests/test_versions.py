"""The versions that are declared are the ones that are tried: the lowest by .ci/run, the newest by development."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Not part of what the lowest versions run.
TOOLS = {"clang-format", "cmake", "import-linter", "mypy", "pandas-stubs", "playwright", "ray", "ruff", "types-PyYAML"}


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def bounds(*groups: list[str]) -> dict[str, str]:
    found = [
        re.fullmatch(r"([\w.-]+)>=([\d.]+)", one) for group in groups for one in group if not one.startswith("elman[")
    ]
    return {one[1]: one[2] for one in found}


def same(bound: str, version: str) -> bool:
    """Whether a bound is this version; `1.26` is `1.26.0`."""
    wanted, got = bound.split("."), version.split(".")
    return wanted + ["0"] * (len(got) - len(wanted)) == got


def test_the_lowest_versions_are_the_bounds():
    lowest = pinned("constraints-lowest.txt")
    declared = bounds(PROJECT["dependencies"], *(lines for name, lines in EXTRAS.items() if name != "peers"))
    assert set(declared) - TOOLS == set(lowest)
    assert [name for name, version in lowest.items() if not same(declared[name], version)] == []


def test_tools_and_peers_are_bounded_by_what_is_tried():
    newest = pinned("constraints.txt")
    declared = bounds(EXTRAS["dev"], EXTRAS["peers"], EXTRAS["ray"])
    for name in TOOLS | set(bounds(EXTRAS["peers"])):
        assert f"{newest[name]}.".startswith(f"{declared[name]}."), name


def test_every_requirement_has_a_bound_and_nothing_else():
    groups = [PROJECT["dependencies"], *EXTRAS.values()]
    given = {one for group in groups for one in group if not one.startswith("elman[")}
    assert len(bounds(*groups)) == len(given)


def test_all_is_every_extra_but_those_of_development_and_of_a_cluster():
    (line,) = EXTRAS["all"]
    assert line == f"elman[{','.join(sorted(EXTRAS.keys() - {'all', 'dev', 'peers', 'ray'}))}]"


def test_a_library_has_one_bound():
    lines = [one for group in EXTRAS.values() for one in group]
    assert len(bounds(lines)) == len({one for one in lines if not one.startswith("elman[")})


def test_a_bound_that_is_not_tried_is_seen():
    assert same("1.26", "1.26.0")
    assert same("1.11.1", "1.11.1")
    assert not same("1.11", "1.11.1")
    assert not same("1.2", "1.20.0")
