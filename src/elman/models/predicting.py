"""Write what a model predicts for a file to another file, whole or not at all."""

from collections.abc import Callable
from pathlib import Path

from elman.data.conll import is_conll
from elman.data.table_writer import TableWriter
from elman.errors import InputError, ModelFileError
from elman.files import Replacement, cannot_write, make_folder
from elman.models.estimator.reports import OnFiles, OnLines
from elman.models.loading import load
from elman.models.networks.decoding import Writer
from elman.quoting import shown


def load_on_files(path: Path, command: str) -> OnFiles:
    """Return the model in a file, if it can predict for files.

    Args:
        path: the file.
        command: what needs it, for the message.

    Raises:
        ModelFileError: it is no model, or that of a job that does not predict for files.
    """
    model = load(path)
    if not isinstance(model, OnFiles):
        raise ModelFileError(f"{shown(path)}: a {model.kind} does not support {command}: give a model of another job")
    return model


def set_search(model: OnFiles, search: dict[str, float]) -> None:
    """Change the beam search of a model that writes texts.

    Raises:
        InputError: it writes none, or a value is out of range.
    """
    if not search:
        return
    if not isinstance(model, Writer):
        raise InputError(f"{next(iter(search))}: only a translator or a captioner searches for texts: leave it out")
    model.set_params(**search)


def write_predictions(model: OnFiles, source: Path, output: Path, check: Callable[[], None] = lambda: None) -> int:
    """Write what a model predicts for each row, series, line or sequence of a file, and return how many they are.

    Args:
        model: the model.
        source: a file that it reads.
        output: a table; or, of a file with one token a line, its lines with tags.
        check: called when all is written; raises where the output shall not be kept.

    Raises:
        DataError: the file lacks a column or cannot be used, or the output's name has another ending.
        ModelFileError: the output cannot be written; what was there before is untouched.
    """
    if is_conll(output) and isinstance(model, OnLines):
        return _write_lines(model, source, output, check)
    count = 0
    with TableWriter(output) as writer:
        for piece in model.read(source):
            columns = model.rows(piece)
            writer.write(columns)
            count += len(next(iter(columns.values())))
        check()
    return count


def _write_lines(model: OnLines, source: Path, output: Path, check: Callable[[], None]) -> int:
    count = 0
    make_folder(output.parent)
    with Replacement(output) as new:
        for lines in model.lines(source):
            count += 1
            try:
                new.file.write("".join(f"{line}\n" for line in [*lines, ""]).encode())
            except OSError as error:
                raise cannot_write(output, error) from error
        check()
    return count
