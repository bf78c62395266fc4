"""Implement `elman train`: one command for each job, built from the declared options of its estimator."""

from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.jobs import Output, TableFile, Test, command
from elman.cli.outputs import Commands
from elman.cli.running import Interruption, fit_on_file, report, train_pairs, train_table
from elman.cli.terminal import echo
from elman.cli.testing import echo_test
from elman.models.caption.options import CaptionerOptions
from elman.models.classify.options import ClassifierOptions
from elman.models.generate.options import TextOptions
from elman.models.tag.options import TaggerOptions
from elman.models.translate.options import TranslatorOptions
from elman.models.vectors.options import FeedForwardOptions

app = Commands(help="Train a model on a file.", no_args_is_help=True, rich_markup_mode=None)

Values = dict[str, Any]
REQUIRED = Parameter.empty
TABLE: dict[str, Any] = {"file": (TableFile, REQUIRED), "output": (Output, REQUIRED), "test": (Test, None)}


@app.callback()
def _group() -> None:
    """Have one subcommand a job."""


def file_argument(help_text: str) -> Any:
    """Return the argument of a command whose file is no plain table."""
    return Annotated[Path, typer.Argument(help=help_text, show_default=False)]


def _file(help_text: str) -> dict[str, Any]:
    """Return the argument and the output of a command whose file is no plain table."""
    return TABLE | {"file": (file_argument(help_text), REQUIRED)}


def text(options: Values, run: Values) -> None:
    """Train a character generator on a text.

    Compares the loss on the held-out end of the text with simple baselines, and keeps the best weights.
    """
    from elman import TextGenerator

    with Interruption():
        model, files, divided = fit_on_file(TextGenerator, options, run)
        if model.remark_:
            echo(f"note: {model.remark_}")
        report(model, files)
        echo_test(model, divided)


def classify(options: Values, run: Values) -> None:
    """Train a classifier of texts, symbols or series of numbers on a table.

    Compares the best weights on held-out rows with the class frequencies, a bag of words and n-grams.
    """
    from elman import SequenceClassifier

    train_table(SequenceClassifier, options, run)


def translate(options: Values, run: Values) -> None:
    """Train a translator on a table of pairs: sentences, or words and their pronunciation."""
    from elman import Translator

    train_pairs(Translator, options, run)


def caption(options: Values, run: Values) -> None:
    """Train a captioner on images and their texts."""
    from elman import Captioner

    train_pairs(Captioner, options, run)


def tag(options: Values, run: Values) -> None:
    """Train a tagger of words, characters or symbols: a label for each step.

    Compares the best weights on held-out sequences with the most frequent tag of each token.
    """
    from elman import SequenceTagger

    train_table(SequenceTagger, options, run)


def vectors(options: Values, run: Values) -> None:
    """Train a feed-forward network on a table with a vector of numbers and its label in each row."""
    from elman import FeedForward

    train_table(FeedForward, options, run)


TEXT_ERRORS = Annotated[str, typer.Option(help="Bytes that are not UTF-8: strict refuses, replace reads U+FFFD.")]
TEXT = "The text, in UTF-8."
IMAGES = "A .npz file of images and texts, or a table of image files and texts."
TAGGED = (
    "A table (.csv, .tsv, .jsonl, .parquet) with sequences and their tags; or, by any other name, one token and its "
    "tag a line, with a blank line between sequences."
)

app.command("text")(command(TextOptions, text, **_file(TEXT), errors=(TEXT_ERRORS, "strict")))
app.command("classify")(command(ClassifierOptions, classify, **TABLE))
app.command("translate")(command(TranslatorOptions, translate, **TABLE))
app.command("caption")(command(CaptionerOptions, caption, **_file(IMAGES)))
app.command("tag")(command(TaggerOptions, tag, **_file(TAGGED)))
app.command("vectors")(command(FeedForwardOptions, vectors, **TABLE))
