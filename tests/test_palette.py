"""One palette: no other module, and no style sheet, has colours of its own."""

import re
from pathlib import Path

import elman
from elman import palette

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|--[a-z-]+: *#[0-9a-fA-F]{3}\b")


def test_colours_are_in_the_palette_alone():
    package = Path(elman.__file__).parent
    files = {file for ending in ("py", "css", "js", "html") for file in package.rglob(f"*.{ending}")}
    found = {str(file.relative_to(package)) for file in files if COLOUR.search(file.read_text(encoding="utf-8"))}
    assert found == {"palette.py"}


def test_each_theme_has_every_colour_of_a_page():
    assert palette.LIGHT.keys() == palette.DARK.keys() == palette.PRINT.keys()
    used = {
        name
        for file in (Path(elman.__file__).parent).rglob("*.css")
        for name in re.findall(r"var\(--([a-z-]+)\)", file.read_text(encoding="utf-8"))
    }
    assert {"ink", "forward", "backward"} <= used
    assert all(f"--{name}: {colour};" in palette.page_colours() for name, colour in palette.LIGHT.items())
