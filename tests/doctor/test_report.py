"""The report in a terminal, as a page, a picture and numbers; the command line and Elman's own models."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from tests.doctor.models import Net, batch, diagnose, set_weights

import elman
from elman.cli import main
from elman.errors import DataError, InputError

TEXT = "to be, or not to be, that is the question.\n" * 40


@pytest.fixture(scope="module")
def ill():
    torch.manual_seed(0)
    return diagnose(set_weights(Net(elman.RNN, num_layers=2), weight_hh_l0=lambda w: w * 0.1, weight_hh_l1=0.0))


@pytest.fixture(scope="module")
def broken():
    net = Net(elman.LSTM, bidirectional=True)
    x, y = batch(net)
    x[3] = torch.inf
    return diagnose(net, (x, y))


@pytest.fixture(scope="module")
def generator():
    return elman.TextGenerator(hidden_size=12, num_layers=1, batch_size=4, k1=16, epochs=1, answer="network").fit(TEXT)


def test_text_fits_a_terminal(ill, broken):
    for report in (ill, broken):
        assert max(map(len, str(report).splitlines())) <= 80
        assert "\nNot healthy: 1 fault" in str(report)
    assert "fault: vanishing in rnn layer" in str(ill)
    assert "bound, norm to the k" in str(ill)
    assert "fault: not finite" in str(broken)


def test_numbers(ill, broken, tmp_path):
    for report in (ill, broken):
        report.save(tmp_path / "r.json")
        found = json.loads((tmp_path / "r.json").read_text())
        assert found["healthy"] is False
        assert [v["kind"] for v in found["verdicts"]] == [v.kind for v in report.verdicts]
        for layer, got in zip(report.layers, found["findings"]["layers"], strict=True):
            assert got["memory"] == layer.memory
            np.testing.assert_allclose(got["by_lag"], layer.by_lag)
            values = next(iter(layer.spectra.values())).eigenvalues
            gate = next(iter(got["spectra"].values()))
            np.testing.assert_allclose(np.array(gate["eigenvalues"]) @ [1, 1j], values)


def test_picture(broken, tmp_path):
    broken.save(tmp_path / "r.png")
    pixels = imread(tmp_path / "r.png")
    assert min(pixels.shape[:2]) > 1000
    assert pixels.std() > 0.05


def test_another_ending(ill):
    with pytest.raises(InputError, match=r"\.html, \.png or \.json"):
        ill.save("r.pdf")


CHROMIUM = next(
    (
        path
        for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
        if name and (path := shutil.which(name))
    ),
    None,
)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: set CHROMIUM, or have one on the PATH")
def test_the_page_needs_no_network_and_fits_its_window(ill, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
    file, said, asked = tmp_path / "r.html", [], []
    ill.save(file)
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{file}")
        assert said == []
        assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
        assert page.text_content(".summary").startswith("Not healthy: 1 fault")
        assert page.locator(".verdict").count() == len(ill.verdicts)
        assert page.evaluate("document.images[0].naturalWidth") > 1000
        for width in (1200, 400):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()


def test_names_in_the_page_are_text(monkeypatch):
    monkeypatch.setattr("elman.doctor.render._picture", lambda _: "")

    class Wild(Net):
        pass

    Wild.__name__ = "<script>alert(1)</script>"
    page = diagnose(Wild(elman.RNN))._repr_html_()
    assert "<script>" not in page


def test_a_generator_knows_its_own(generator):
    report = elman.diagnose(generator, TEXT)
    assert report.findings.steps == 32
    assert (report.findings.clip, report.findings.truncation) == (5.0, 16)
    assert report.findings.clipped_share == generator.progress_.clipped_share
    assert report.note == ""
    assert "writes itself" in elman.diagnose(generator).note
    expected = -np.log(1 / len(generator.alphabet_))
    assert 0 < report.findings.loss < expected


def test_a_generator_reads_a_file_and_leaves_out_what_it_does_not_know(generator, tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(TEXT.replace("question", "questiön"), encoding="utf-8")
    assert elman.diagnose(generator, path).findings.steps == 32
    path.write_text("ÄÖÜ" * 50, encoding="utf-8")
    with pytest.raises(DataError, match="0 characters that the model knows"):
        elman.diagnose(generator, path)
    with pytest.raises(InputError, match="has its own"):
        elman.diagnose(generator, TEXT, loss=torch.nn.MSELoss())


def test_truncation_of_a_generator(generator):
    found = elman.truncation(generator, TEXT, ks=[2, 8])
    assert [cut.k2 for cut in found.truncations] == [2, 8, 32]
    assert found.truncations[0].cosine < found.truncations[1].cosine < 1


def test_the_command_line(generator, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("elman.doctor.render._picture", lambda _: "")
    model, text, page = tmp_path / "m.safetensors", tmp_path / "t.txt", tmp_path / "r.html"
    generator.save(model)
    text.write_text(TEXT)
    assert main(["diagnose", str(model), str(text), "--save", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "Healthy: no fault found" in printed
    assert f"report: {page}" in printed
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["diagnose", str(model), str(text), "--truncation"]) == 0
    assert "cosine" in capsys.readouterr().out
    with torch.no_grad():
        generator.network_.recurrent.weight_hh_l0[0, 0] = torch.nan
    generator.save(model)
    assert main(["diagnose", str(model), str(text)]) == 1
    assert "recurrent.weight_hh_l0 itself holds" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.safetensors"], "missing.safetensors: "),
        (["m.safetensors", "missing.txt"], "missing.txt: no such file"),
        (["m.safetensors", "--k1", "4"], "--k1: expected only with --truncation"),
        (["m.safetensors", "--truncation", "--metrics", "m.jsonl"], "--metrics: expected without --truncation"),
        (
            ["m.safetensors", "--limit", "0.001"],
            "limit is 0.000999451 MiB: give shorter sequences or fewer, or raise limit (--limit",
        ),
    ],
)
def test_what_the_command_line_refuses(words, said, generator, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    generator.save("m.safetensors")
    assert main(["diagnose", *words]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
