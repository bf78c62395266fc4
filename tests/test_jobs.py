"""The README's table of jobs: each command runs as it is printed, on the file that `elman data` makes for it.

Only the number of trainings, their length and the size of the network are cut down.
"""

import re
import shlex
from pathlib import Path

import pytest

from elman.cli import main
from elman.data.sets import DataSet, data_sets

pytestmark = pytest.mark.usefixtures("without_pictures")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\|[^|]*\|[^|]*\| `elman ((?:train|forecast) [^`]+)` \|", README, re.MULTILINE)
SETS = data_sets()
SMALL = ["--hidden-size", "4", "--num-layers", "1"]
SHORT = {
    "classify": ["--epochs", "1", "--validation-fraction", "0.1", *SMALL],
    "tag": ["--epochs", "1", *SMALL],
    "translate": ["--epochs", "1", "--beam", "1", "--batch-size", "64", "--validation-fraction", "0.02", *SMALL],
    "caption": ["--epochs", "1", "--beam", "1", *SMALL],
    "text": ["--minutes", "0.002", *SMALL],
}
FORECAST = ["--epochs", "1", "--members", "1", "--origins", "0"]


def test_the_table_has_the_jobs_of_the_data_sets() -> None:
    assert set(COMMANDS) == {one.job for one in SETS.values() if one.name not in {"letters", "zen"}}


@pytest.mark.parametrize("one", SETS.values(), ids=lambda one: one.name)
def test_the_job_of_a_data_set_works(one: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(one.job)
    assert main(["data", one.name]) == 0
    assert main([*words, *(FORECAST if words[0] == "forecast" else SHORT[words[1]])]) == 0
    made = [path for path in tmp_path.rglob("*.safetensors") if "checkpoint" not in path.name]
    assert len(made) == 1
    if one.splits:
        assert main(["data", one.name, "--unseen"]) == 0
        assert main(["evaluate", str(made[0]), f"unseen-{one.file}"]) == 0
