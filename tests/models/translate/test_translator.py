"""The translator: it learns, keeps, reports, and says what is wrong with what it was given."""

import json

import numpy as np
import pytest

import elman
from elman.errors import DataError, InputError, MissingLibraryError, ModelFileError
from elman.models.translate.memory import NearestNeighbour
from elman.models.translate.report import CopySource
from elman.options import resume_values, values
from elman.train import Callback, RunFiles

LETTERS = "abcde"
WORDS = ["".join(LETTERS[i] for i in np.random.default_rng(k).integers(0, 5, 1 + k % 6)) for k in range(240)]
SPOKEN = [" ".join(letter.upper() for letter in reversed(word)) for word in WORDS]
SMALL = {
    "hidden_size": 12,
    "embedding_dim": 8,
    "batch_size": 16,
    "epochs": 2,
    "dropout": 0.1,
    "beam": 2,
    "length_penalty": 0.6,
    "split": "tail",
}


@pytest.fixture(scope="module")
def model():
    return elman.Translator(
        hidden_size=24,
        embedding_dim=12,
        batch_size=16,
        epochs=18,
        dropout=0.0,
        learning_rate=0.03,
        schedule="cosine",
        split="tail",
        beam=2,
        length_penalty=0.6,
    ).fit(WORDS, SPOKEN)


def test_it_learns_to_write_backwards(model):
    assert (model.preprocessor_.source.kind, model.preprocessor_.target.kind) == ("characters", "symbols")
    assert model.score(WORDS[216:], SPOKEN[216:]) > 0.8
    assert model.progress_.best < min(model.baselines_.values()) / 2


def test_a_batch_never_changes_a_translation(model):
    together = model.predict(WORDS[:40])
    assert [model.predict([word])[0] for word in WORDS[:40]] == together
    assert model.predict(WORDS[:40][::-1]) == together[::-1]


def test_attention_is_spread_over_the_source(model):
    look = model.attention("abc")
    assert look.source == ["a", "b", "c"]
    assert " ".join(look.target[:-1]) == model.predict(["abc"])[0]
    np.testing.assert_allclose(look.weights.sum(axis=1), 1, rtol=1e-5)
    assert look.weights.shape == (len(look.target), 3)


def test_unknown_characters_are_read_as_nothing_and_never_written(model):
    assert model.predict(["a♥b", "♥"])
    assert all(symbol in "ABCDE" for text in model.predict(["a♥b", "♥♥♥"]) for symbol in text.split())


def test_what_is_saved_is_what_was_trained(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert again.predict(WORDS) == model.predict(WORDS)
    assert again.get_params() == model.get_params()
    assert (again.pairs_, again.baselines_, again.duplicates_) == (model.pairs_, model.baselines_, model.duplicates_)


def test_same_seed_same_bits_whether_cut_off_or_not(tmp_path, monkeypatch):
    class PullsThePlug(Callback):
        def on_step(self, progress):
            if progress.counters.step >= 7:
                raise ConnectionAbortedError

    monkeypatch.setattr("elman.train.monitor.SHOW_EVERY", 0.0)
    options, pairs = SMALL | {"teacher_forcing": 0.7, "symbol_dropout": 0.1}, (WORDS[:80], SPOKEN[:80])
    whole, files = elman.Translator(**options).fit(*pairs), RunFiles.within(tmp_path)
    with pytest.raises(ConnectionAbortedError):
        elman.Translator(**options).fit(*pairs, files=files, callback=PullsThePlug(), checkpoint_seconds=0)
    cut = elman.Translator(**options).fit(*pairs, files=files, resume=True)
    assert whole.progress_.step == cut.progress_.step > 7
    for name, tensor in whole.network_.state_dict().items():
        assert tensor.numpy().tobytes() == cut.network_.state_dict()[name].numpy().tobytes(), name


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "attend": False},
        {"cell": "rnn", "bidirectional": False},
        {"num_layers": 2, "label_smoothing": 0.1},
    ],
    ids=str,
)
def test_every_kind_trains_and_writes(options):
    model = elman.Translator(**SMALL | options).fit(WORDS[:120], SPOKEN[:120])
    assert model.progress_.best < model.baselines_["uniform"]
    assert len(model.predict(WORDS[:3])) == 3


def test_only_the_training_part_is_learned_from():
    words, spoken = [*WORDS[:90], *["zzz"] * 10], [*SPOKEN[:90], *["Q Q"] * 10]
    model = elman.Translator(**SMALL).fit(words, spoken)
    assert "z" not in model.preprocessor_.source.vocabulary
    assert "Q" not in model.preprocessor_.target.vocabulary
    assert "Q" in elman.Translator(**SMALL, validation_fraction=0).fit(words, spoken).preprocessor_.target.vocabulary


def test_duplicates_across_the_split_are_counted():
    words, spoken = [*WORDS[:45], *WORDS[:5]], [*SPOKEN[:45], *SPOKEN[:5]]
    assert elman.Translator(**SMALL).fit(words, spoken).duplicates_ == 5


def test_baselines_copy_and_look_up():
    assert CopySource().fit(["a"], ["b"]).predict(["a", "c"]) == ["a", "c"]
    nearest = NearestNeighbour().fit(["open file", "close file", "quit"], ["ouvrir", "fermer", "quitter"])
    assert nearest.predict(["open a file", "quit now"]) == ["ouvrir", "quitter"]


def test_a_table_is_read_translated_and_measured(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("word,phones\n" + "".join(f"{w},{s}\n" for w, s in zip(WORDS[:80], SPOKEN, strict=False)))
    model = elman.Translator(**SMALL, source="word", target="phones").fit(table)
    (piece,) = model.read(table)
    assert model.rows(piece) == {"word": WORDS[:80], "phones": model.predict(WORDS[:80])}
    report = model.report(table)
    assert report.grids[0].columns == ["", "symbol errors", "text errors", "exact"]
    assert [row[0] for row in report.grids[0].rows][:3] == ["copy of the source", "nearest neighbour", "network"]
    assert report.grids[0].rows[1][3] > 0.99  # what it knows by heart
    assert report.notes[0] == "sources that were in the training file too: 80"
    assert report.draw().axes


def test_sentences_are_scored_by_chrf_and_bleu():
    english = [f"open the file number {n}" for n in range(40)]
    french = [f"Ouvrir le fichier numéro {n} !" for n in range(40)]
    model = elman.Translator(**SMALL, target_tokens="words", memory=False).fit(english, french)
    from elman.models.scoring.texts import score_grid

    grid = score_grid({"right": french, "network": model.predict(english)}, french, model.preprocessor_.target.kind)
    assert grid.columns == ["", "chrF", "BLEU", "exact"]
    assert grid.rows[0][1:] == [pytest.approx(100), pytest.approx(100), 1.0]


def test_without_sacrebleu_it_says_what_to_install(monkeypatch):
    from elman.models.scoring.texts import text_scores

    monkeypatch.setitem(__import__("sys").modules, "sacrebleu", None)
    with pytest.raises(MissingLibraryError, match=r"needs sacrebleu: pip install 'elman\[translation\]'"):
        text_scores(["a b"], ["a b"])


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([], [], "X: expected at least one text, got none"),
        ("one text", ["a"], "X: expected a list of texts, got one text"),
        (["a", " "], ["b", "c"], "X: row 2 is empty"),
        (["a", None], ["b", "c"], "X: row 2: expected a text, got None"),
        (["a", "b"], ["c", ""], "y: row 2 is empty"),
        (["a", "b"], ["c"], "y: expected 2 targets, one for each source, got 1"),
        (["a", "b"], ["c", "c"], "y: every target is 'c': give at least two"),
        (5, ["c"], "X: expected a list of texts, got int"),
    ],
)
def test_bad_pairs_are_named(X, y, said):
    with pytest.raises(DataError, match=said):
        elman.Translator(**SMALL).fit(X, y)


def test_bad_tables_and_options_are_named(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("english,french\na,b\nc,d\n")
    with pytest.raises(DataError, match=r"which column is the source.*english, french"):
        elman.Translator(**SMALL).fit(table)
    with pytest.raises(DataError, match="no column 'anglais'"):
        elman.Translator(**SMALL, source="anglais").fit(table)
    with pytest.raises(InputError, match=r"beam: should be greater than or equal to 1, got 0"):
        elman.Translator(beam=0)
    with pytest.raises(InputError, match="not trained yet"):
        elman.Translator().predict(["a"])
    with pytest.raises(DataError, match="train one with attend=True"):
        elman.Translator(**SMALL, attend=False).fit(WORDS[:40], SPOKEN[:40]).attention("a")


def test_a_model_of_another_job_is_refused(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="expected the model of a text-generator, got a translator file"):
        elman.load(tmp_path / "m.safetensors", elman.TextGenerator)


def test_options_are_json_and_search_may_change_on_resume():
    options = elman.Translator(beam=3)._options()
    assert json.dumps(values(options))
    assert "beam" not in resume_values(options)
