import json

import pytest

from elman.errors import ModelFileError
from elman.train import metrics as module
from elman.train.metrics import draw_losses


@pytest.fixture
def metrics(tmp_path):
    path = tmp_path / "m.jsonl"
    lines = [{"event": "begin", "target": "char", "loss_unit": "nats/char", "baselines": {"bigram": 2.5}}]
    for step in range(1, 40):
        lines.append({"event": "train", "chars": step * 1000, "loss": 4 / step**0.3})
        if step % 10 == 0:
            lines.append({"event": "evaluation", "chars": step * 1000, "loss": 4.2 / step**0.3})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_it_draws_what_the_lines_say(metrics, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(module, "save", lambda figure, path: seen.update(figure=figure, path=path))
    draw_losses(metrics, tmp_path / "p.png")
    axes = seen["figure"].axes[0]
    training, held_out = (line for line in axes.lines if line.get_label() in {"training", "held out"})
    assert list(training.get_xdata()) == [1000 * step for step in range(1, 40)]
    assert list(held_out.get_xdata()) == [10_000, 20_000, 30_000]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("chars trained on", "loss (nats/char)")
    assert "bigram 2.50" in {text.get_text() for text in axes.texts}
    assert seen["path"] == tmp_path / "p.png"


def test_a_training_too_short_for_any_line_is_still_a_picture(metrics, tmp_path):
    metrics.write_text(metrics.read_text().splitlines()[0] + "\n")
    draw_losses(metrics, tmp_path / "p.png")
    assert (tmp_path / "p.png").exists()


def test_a_picture_that_cannot_be_written_is_named(metrics, tmp_path):
    with pytest.raises(ModelFileError, match=r"p\.png: cannot be written"):
        draw_losses(metrics, tmp_path / "nowhere" / "p.png")
