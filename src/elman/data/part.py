"""Define `Part`: some rows of a file, which the readers of files take in place of its path."""

import os
from dataclasses import dataclass
from pathlib import Path

from elman.data.sequences import Rows


@dataclass(frozen=True)
class Part(os.PathLike[str]):
    """Some of the rows of a file: of a table, of an array of images, or its sequences where each line is a token.

    It is a path, so that messages name the file; `elman.data.tables` and the jobs' own readers read its rows alone.

    Attributes:
        path: the file.
        rows: the places of the rows, from 0, ascending.
    """

    path: Path
    rows: Rows

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __len__(self) -> int:
        return len(self.rows)
