"""`pip install elman` alone gives layers and help; a command that needs more names the extra in one line."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from elman import extras
from elman.errors import MissingLibraryError

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
# Typer brings pydantic in newer releases, so hiding it would break Typer itself.
HIDDEN = sorted(extras._LIBRARIES.keys() - {"pydantic"})
BARE = f"import sys\nsys.modules |= dict.fromkeys({HIDDEN})\n"
COMMANDS = {
    "train text my.txt -o my.safetensors": "elman train needs scikit-learn: pip install 'elman[jobs]'",
    "diagnose my.safetensors": "elman diagnose needs narwhals: pip install 'elman[jobs]'",
    "explain love-book": "elman explain needs PyYAML: pip install 'elman[sheets]'",
    "draw unrolled -o unrolled.png": "elman draw needs matplotlib: pip install 'elman[pictures]'",
}


LAYERS = """
import json, torch, elman
y, _ = elman.LSTM(3, 4)(torch.zeros(2, 1, 3, requires_grad=True))
y.sum().backward()
elman.record, elman.diagnose, elman.truncation
try:
    elman.SequenceClassifier
except ImportError as error:
    print(json.dumps([list(y.shape), str(error)]))
"""
HELP = f"""
import contextlib, io, json
from elman.cli import main
found = []
for words in ["--help", "train --help", "train classify --help", "data", "info", *{list(COMMANDS)}]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        found.append([main(words.split()), said.getvalue().strip()])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Return the output of the programs where no extra is installed; both in one process, which loads torch once."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "my.txt").write_text("A text.")
    done = subprocess.run(
        [sys.executable, "-c", BARE + HELP + LAYERS], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_layers_work_and_public_names_say_what_they_need(bare):
    assert bare[1] == [[2, 1, 4], "elman.SequenceClassifier needs scikit-learn: pip install 'elman[jobs]'"]


def test_help_works_and_commands_say_what_they_need(bare):
    assert bare[0] == [[0, ""]] * 5 + [[1, f"elman: {line}"] for line in COMMANDS.values()]


def test_the_extras_are_those_of_the_package():
    installs = packages_distributions()
    for library, (name, extra) in extras._LIBRARIES.items():
        assert installs[library][0].lower().startswith(name.lower()), library
        assert name in [re.split(r"[>=]", line)[0] for line in EXTRAS[extra]], library


def test_other_missing_modules_are_not_blamed_on_an_extra():
    assert extras.advice("elman train", ModuleNotFoundError(name="elman.nonsense")) is None
    with pytest.raises(ModuleNotFoundError), extras.required_by("this"):
        import elman.nonsense  # noqa: F401
    with (
        pytest.raises(MissingLibraryError, match=r"^this needs pillow: pip install 'elman\[jobs\]'$"),
        extras.required_by("this"),
    ):
        raise ModuleNotFoundError(name="PIL.Image")
