"""The loss picture of a training: training and held-out loss over what was read, with the baselines to beat."""

from pathlib import Path
from typing import Any

from elman.errors import ElmanError
from elman.pictures import losses, save
from elman.train.metrics import read_metrics


def try_to_draw_losses(metrics: Path, picture: Path) -> str | None:
    """Draw the metrics of a training that is over and saved, and return why not if that fails: it is no failed run.

    While a training ran, anybody may have removed or changed its metrics; losses may be too large to draw.
    """
    try:
        draw_losses(metrics, picture)
    except ElmanError as error:
        return str(error)
    except Exception as error:  # fields may be missing, and Matplotlib raises errors of many kinds at huge numbers
        return f"{picture}: cannot be drawn from {metrics} ({type(error).__name__}: {error})"
    return None


def draw_losses(metrics: Path, picture: Path) -> None:
    """Draw the metrics of a training.

    Args:
        metrics: the JSON lines it left; the first says what the loss is measured in and which baselines to draw. A loss
            in nats gets a second axis in bits.
        picture: the .png to write.

    Raises:
        DataError: the metrics are missing or garbled; other errors where they are not those of a training.
        ModelFileError: the picture cannot be written.
    """
    begin, *lines = read_metrics(metrics)
    read = f"{begin['target']}s"
    training = [line for line in lines if line["event"] == "train"]
    held_out = [line for line in lines if line["event"] == "evaluation" and line["loss"] is not None]
    figure = losses(
        _pair(training, read),
        _pair(held_out, read),
        x=f"{read} trained on",
        unit=begin["loss_unit"],
        baselines=begin["baselines"],
    )
    save(figure, picture)


def _pair(lines: list[dict[str, Any]], read: str) -> tuple[list[float], list[float]] | None:
    return ([line[read] for line in lines], [line["loss"] for line in lines]) if lines else None
