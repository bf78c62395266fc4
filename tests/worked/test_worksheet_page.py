"""docs/worksheet.md: its tables are those of the model, its examples run, and the schema accepts what Elman accepts."""

import json
import re
from pathlib import Path

import pytest
from tests.worked.commands import run

import elman
from elman.worked.sheet.schema import schema, tables
from elman.worked.sheet.worksheet import Worksheet, gallery, load, parse, titles

PAGE = (Path(__file__).parents[2] / "docs" / "worksheet.md").read_text(encoding="utf-8")
SHEETS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tables_are_those_of_the_model() -> None:
    shown = dict(re.findall(r"<!-- fields of (\w+) -->\n(.*?)\n<!-- end -->", PAGE, re.DOTALL))
    assert shown == tables()
    assert set(shown["Worksheet"].split("`")) >= set(Worksheet.model_fields)


@pytest.mark.parametrize("text", SHEETS)
def test_the_examples_run(text: str) -> None:
    assert elman.explain(parse(text, "page")).to("terminal")


def test_the_schema_has_every_field_with_its_range() -> None:
    found = schema()
    assert set(found["properties"]) == set(Worksheet.model_fields)
    assert found["required"] == ["cell", "parameters", "examples", "output"]
    assert found["properties"]["digits"] | {"minimum": 1, "maximum": 15} == found["properties"]["digits"]
    assert found["$defs"]["Update"]["properties"]["rate"]["exclusiveMinimum"] == 0
    for part in (found, *found["$defs"].values()):
        assert all(field.get("description") for field in part["properties"].values())
        assert part["additionalProperties"] is False


def test_the_schema_on_the_command_line() -> None:
    assert json.loads(run("explain", "--schema").output) == schema()


def test_the_list_has_titles() -> None:
    lines = run("explain", "list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(gallery())
    assert all(line.endswith(load(line.split()[0]).title) for line in lines)
    assert all(titles().values())
