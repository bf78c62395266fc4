"""The page "BPTT by hand" and the README's section show the program's own output."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from elman.cli.explain import explain

ROOT = Path(__file__).parents[2]
app = typer.Typer()
app.command()(explain)


@pytest.mark.parametrize(("name", "least"), [("docs/bptt-by-hand.md", 9), ("README.md", 1)])
def test_the_output_shown_is_real(name: str, least: int) -> None:
    blocks = re.findall(
        r"```text\n\$ elman explain (.*?)\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) >= least
    for command, shown in blocks:
        printed = CliRunner().invoke(app, shlex.split(command), catch_exceptions=False).output
        parts = [part.strip("\n") for part in shown.split("[...]\n") if part.strip()]
        assert parts
        for part in parts:
            assert f"\n{part}\n" in f"\n{printed}\n", f"{command}: {part}"


def test_the_links_lead_somewhere() -> None:
    text = (ROOT / "docs" / "bptt-by-hand.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / "docs" / link).exists(), link
