"""The captioner: it learns what images are called, keeps it, and says what is wrong with what it was given."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

import elman
from elman.errors import DataError, InputError, ModelFileError
from elman.models.caption.network import shifted

RANDOM = np.random.default_rng(0)
NAMES = ["dark", "light", "left", "up"]
KIND = np.arange(120) % 4
IMAGES = RANDOM.integers(0, 30, (120, 8, 9), dtype=np.uint8)
IMAGES[KIND == 1] += 200
IMAGES[KIND == 2, :, :4] += 200
IMAGES[KIND == 3, :4] += 200
TEXTS = [NAMES[kind] for kind in KIND]
SMALL = {"hidden_size": 16, "embedding_dim": 8, "features": 16, "batch_size": 8, "epochs": 2, "split": "tail"}
SMALL |= {"beam": 2, "length_penalty": 0.6}


@pytest.fixture(scope="module")
def model():
    return elman.Captioner(**SMALL | {"epochs": 10, "learning_rate": 0.02}).fit(IMAGES, TEXTS)


def test_it_learns_what_images_are_called(model):
    assert model.score(IMAGES[108:], TEXTS[108:]) == 1
    assert model.preprocessor_.tokenizer.kind == "characters"
    assert model.progress_.best < min(model.baselines_.values()) / 2


def test_a_batch_never_changes_a_text(model):
    noise = RANDOM.integers(0, 255, (20, 8, 9), dtype=np.uint8)
    assert [model.predict(noise[k : k + 1])[0] for k in range(20)] == model.predict(noise)


def test_what_is_saved_is_what_was_trained(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert again.predict(IMAGES) == model.predict(IMAGES)
    assert again.get_params() == model.get_params()


def test_an_encoder_of_ones_own_is_trained_as_a_copy_and_given_back_to_load(tmp_path):
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(72, 5))
    before = encoder[1].weight.clone()
    model = clone(elman.Captioner(**SMALL, encoder=encoder)).fit(IMAGES, TEXTS)
    assert torch.equal(encoder[1].weight, before)
    assert not torch.equal(model.network_.encoder[1].weight, before)
    model.save(tmp_path / "m.safetensors")
    assert elman.Captioner.load(tmp_path / "m.safetensors", encoder).predict(IMAGES) == model.predict(IMAGES)
    with pytest.raises(ModelFileError, match=r"Captioner.load\(path, encoder\)"):
        elman.load(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="not a model this Elman can build"):
        elman.Captioner.load(tmp_path / "m.safetensors", nn.Sequential(nn.Flatten(), nn.Linear(72, 6)))


def test_colour_is_seen_and_the_scale_is_that_of_the_training_part():
    images = np.zeros((40, 6, 6, 3), dtype=np.float32)
    images[::2, ..., 0] = images[1::2, ..., 2] = 7.0
    images[36:] += 1000.0
    texts = ["red", "blue"] * 20
    model = elman.Captioner(**SMALL | {"epochs": 15, "learning_rate": 0.02}).fit(images, texts)
    assert model.predict(images[:4]) == texts[:4]
    np.testing.assert_allclose(model.network_.mean, images[:36].mean(axis=(0, 1, 2)), rtol=1e-6)


def test_files_are_read_captioned_and_measured(tmp_path):
    from PIL import Image

    images, texts = IMAGES[:40], TEXTS[:40]
    np.savez(tmp_path / "all.npz", images=images, captions=np.array(texts))
    for k in range(40):
        Image.fromarray(IMAGES[k]).save(tmp_path / f"{k}.png")
    rows = "".join(f"{k}.png,{texts[k]}\n" for k in range(40))
    (tmp_path / "all.csv").write_text(f"file,caption\n{rows}")
    arrays, table = (elman.Captioner(**SMALL, answer="network").fit(tmp_path / name) for name in ("all.npz", "all.csv"))
    assert arrays.predict(images) == table.predict(images)
    (piece,) = table.read(tmp_path / "all.csv")
    assert table.rows(piece) == {"file": [f"{k}.png" for k in range(40)], "caption": table.predict(images)}
    (piece,) = arrays.read(tmp_path / "all.npz")
    assert arrays.rows(piece)["images"] == list(range(1, 41))
    report = arrays.report(tmp_path / "all.npz")
    grid = report.grids[0]
    assert [row[0] for row in grid.rows] == ["commonest text", "network"]
    assert report.notes == ["predict answers with: network"]
    drawn = [text.get_text() for axes in report.draw().axes[0].child_axes for text in axes.texts]
    assert drawn[0].removeprefix("✗ ") == arrays.predict(images)[0] or not arrays.predict(images)[0]
    assert grid.rows[0][-1] == 0.25


def test_a_poor_network_leaves_images_to_the_nearest_one(tmp_path):
    model = elman.Captioner(**SMALL | {"epochs": 1, "learning_rate": 1e-5}).fit(IMAGES, TEXTS)
    assert model.answer_.name == "nearest image"
    assert model.predict(IMAGES) == TEXTS
    assert model.write(IMAGES) != TEXTS
    assert [model.predict(IMAGES[k : k + 1])[0] for k in range(9)] == TEXTS[:9]
    model.save(tmp_path / "m.safetensors")
    assert elman.load(tmp_path / "m.safetensors").predict(IMAGES[::-1]) == TEXTS[::-1]


def test_noise_is_called_by_the_commonest_text(tmp_path):
    noise, texts = RANDOM.integers(0, 255, (200, 6, 6)), [*["some noise"] * 3, "other"] * 50
    model = elman.Captioner(**SMALL | {"epochs": 1, "learning_rate": 1e-5}).fit(noise, texts)
    assert model.answer_.name == "commonest text"
    model.save(tmp_path / "m.safetensors")
    assert elman.load(tmp_path / "m.safetensors").predict(noise[:3]) == ["some noise"] * 3


def test_images_are_moved_in_training_only_and_repeat_their_border():
    image = torch.arange(20.0).reshape(1, 1, 4, 5)
    moved = shifted(image.expand(64, 1, 4, 5), 1)
    padded = nn.functional.pad(image, (1, 1, 1, 1), mode="replicate")[0, 0]
    windows = [padded[r : r + 4, c : c + 5] for r in range(3) for c in range(3)]
    assert all(any(torch.equal(one[0], window) for window in windows) for one in moved)
    assert len({one.numpy().tobytes() for one in moved}) > 5


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([np.zeros((8, 8)), np.zeros((8, 9))], ["a", "b"], r"got \(8, 8\) first and \(8, 9\) in image 2: resize them"),
        (np.zeros((2, 8, 8, 4)), ["a", "b"], r"\(n, rows, columns, 3\) colour.* got \(2, 8, 8, 4\)"),
        (np.zeros((2, 3, 8)), ["a", "b"], "4 pixels a side or more"),
        (np.full((2, 8, 8), np.nan), ["a", "b"], "expected finite numbers"),
        (np.zeros((2, 8, 8)), ["a"], "expected 2 targets, one for each source, got 1"),
        (np.zeros((2, 8, 8)), ["a", "a"], "every target is 'a'"),
        (np.zeros((2, 8, 8)), ["a", ""], "row 2 is empty"),
        (np.zeros((0, 8, 8)), [], "images: expected"),
        ([], [], "images: expected"),
    ],
)
def test_bad_images_are_named(X, y, said):
    with pytest.raises(DataError, match=said):
        elman.Captioner(**SMALL).fit(X, y)


def test_bad_files_and_encoders_are_named(model, tmp_path):
    np.savez(tmp_path / "bad.npz", images=IMAGES, captions=np.array(TEXTS[:-1]))
    np.savez(tmp_path / "odd.npz", pictures=IMAGES)
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "table.csv").write_text("file,caption\nnone.png,a\n")
    for name, said in [
        ("bad.npz", "'images' has the shape .120, 8, 9., and 'captions' has 119 texts"),
        ("odd.npz", "which array is the image. Name one of pictures"),
        ("text.npz", "not a .npz file of plain arrays"),
        ("absent.npz", "no such file"),
        ("table.csv", "row 1: image 'none.png': no such image"),
    ]:
        with pytest.raises(DataError, match=said):
            elman.Captioner(**SMALL).fit(tmp_path / name)
    with pytest.raises(DataError, match=r"expected \(8, 9, 1\) as in training, got \(9, 9, 1\)"):
        model.predict(np.zeros((1, 9, 9)))
    with pytest.raises(InputError, match=r"expected vectors \(B, F\) .* got \(2, 1, 8, 9\)"):
        elman.Captioner(**SMALL, encoder=nn.Identity()).fit(IMAGES, TEXTS)
