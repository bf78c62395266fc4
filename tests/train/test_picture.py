import json

import pytest

from elman.errors import ModelFileError
from elman.train import picture as module
from elman.train.picture import draw_losses


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


def test_it_shows_both_losses_the_baselines_and_units(metrics, tmp_path, monkeypatch):
    seen = {}
    real = module._label

    def label(axes, target, unit):
        real(axes, target, unit)
        seen.update(x=axes.get_xlabel(), y=axes.get_ylabel(), texts=[t.get_text() for t in axes.texts])
        seen["legend"] = [t.get_text() for t in axes.get_legend().get_texts()]

    monkeypatch.setattr(module, "_label", label)
    draw_losses(metrics, tmp_path / "p.png")
    assert (seen["x"], seen["y"]) == ("chars trained on", "loss (nats/char)")
    assert seen["legend"] == ["training", "held out"]
    assert "bigram 2.50" in seen["texts"]
    assert any(text.startswith("best 1.5") for text in seen["texts"])
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_a_training_too_short_for_any_line_is_still_a_picture(metrics, tmp_path):
    metrics.write_text(metrics.read_text().splitlines()[0] + "\n")
    draw_losses(metrics, tmp_path / "p.png")
    assert (tmp_path / "p.png").exists()


def test_a_picture_that_cannot_be_written_is_named(metrics, tmp_path):
    with pytest.raises(ModelFileError, match=r"p\.png: cannot be written"):
        draw_losses(metrics, tmp_path / "nowhere" / "p.png")
