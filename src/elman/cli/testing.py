"""Hold out a part of a file for `elman train --test`, and measure the model on it once training has ended.

Nothing is learned from that part, nor chosen by it: it is divided off before the estimator reads the file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from elman.cli.terminal import echo, print_grid
from elman.errors import InputError
from elman.quoting import shown
from elman.rounding import counted

if TYPE_CHECKING:
    from elman.data.sequences import Rows
    from elman.models.estimator.reports import Report


class Divided(NamedTuple):
    """The two parts of a division: one to train on, one to test on.

    Attributes:
        training: the file, a part of it, or a text.
        test: likewise; None without a test.
        size: how much is tested of how much, such as "160 of 800 rows"; "" where that is a file of its own.
    """

    training: Any
    test: Any = None
    size: str = ""


def divide(model: Any, file: Path, test: Path | None, errors: str = "strict") -> Divided:
    """Divide off what a model is tested on.

    Args:
        model: the estimator, not trained.
        file: the file of training.
        test: a share of it, above 0 and below 1; or another file; None for no test.
        errors: for bytes of a text that are not UTF-8.

    Raises:
        InputError: `test` is neither, or the share holds nothing.
        DataError: the file cannot be read.
    """
    if test is None:
        return Divided(file)
    try:
        share = float(str(test))
    except ValueError:
        if not test.is_file():
            raise InputError(f"--test: {shown(test)}: no such file: give a share such as 0.2, or a file") from None
        return Divided(file, test)
    if not 0 < share < 1:
        raise InputError(f"--test: expected a share above 0 and below 1, or a file, got {share:g}")
    if model.kind == "text-generator":
        return _end_of_text(file, share, errors)
    from elman.data.part import Part

    training, held_out, size = _rows(model, file, share)
    if not len(held_out):
        raise InputError(f"--test: {share:g} of {shown(file)} is {size}: give a larger share, or more data")
    return Divided(Part(file, training), Part(file, held_out), size)


def _end_of_text(file: Path, share: float, errors: str) -> Divided:
    from elman.data.text import whole_text

    text = whole_text(file, errors)
    split = len(text) - int(len(text) * share)
    if len(text) - split < 2:
        raise InputError(f"--test: {share:g} of {counted(len(text), 'character')} is too little: give a larger share")
    return Divided(text[:split], text[split:], f"the last {len(text) - split:,} of {len(text):,} characters")


def _rows(model: Any, file: Path, share: float) -> "tuple[Rows, Rows, str]":
    """Return the rows of both parts, and the size of the second one."""
    from elman.data.splits import split_rows
    from elman.data.tables import read_table
    from elman.models.caption.files import read_captioned
    from elman.models.classify.columns import Columns
    from elman.models.tag.columns import TagColumns
    from elman.models.vectors.preprocess import Columns as VectorColumns

    labels: list[Any] | None = None
    name = "row"
    match model.kind:
        case "sequence-classifier":
            table = read_table(file)
            columns = Columns.found(table, model)
            if columns.series is not None:
                return _series(table.names(columns.series), table.names(columns.label), share, model.seed)
            labels = table.names(columns.label)
            count = len(labels)
        case "feed-forward":
            table = read_table(file)
            labels = VectorColumns.found(table, model).labels(table)
            count = len(labels)
        case "sequence-tagger":
            name, count = "sequence", len(TagColumns.named(model).examples(file)[0])
        case "captioner" if file.suffix.lower() == ".npz":
            name, count = "image", len(read_captioned(file, model.image, model.caption).texts)
        case _:
            count = len(read_table(file))
    training, held_out = split_rows(count, share, "stratified" if labels else "shuffled", model.seed, labels)
    return training, held_out, f"{len(held_out):,} of {counted(count, name)}"


def _series(names: list[Any], labels: list[Any], share: float, seed: int) -> "tuple[Rows, Rows, str]":
    """Return the rows of both parts, so that all rows of a series are in one of them."""
    import numpy as np

    from elman.data.splits import split_rows

    label_of = dict(zip(names, labels, strict=True))
    place = {name: at for at, name in enumerate(label_of)}
    _, held_out = split_rows(len(place), share, "stratified", seed, list(label_of.values()))
    asked = np.isin([place[name] for name in names], held_out)
    return np.flatnonzero(~asked), np.flatnonzero(asked), f"{len(held_out):,} of {len(place):,} series"


def echo_report(report: "Report") -> None:
    """Print the tables and notes of a report."""
    for grid in report.grids:
        echo()
        print_grid(grid)
    for note in report.notes:
        echo(f"\n{note}")


def echo_test(model: Any, divided: Divided) -> None:
    """Measure a trained model on what it was not trained on, and print that, where a test was asked for."""
    if divided.test is None:
        return
    report = model.report(divided.test)
    echo(f"\ntest, which training never saw: {divided.size or report.title}")
    echo_report(report)
