"""Copying: probabilities add up, unknown symbols are copied, and a memory's neighbour is mended."""

import numpy as np
import pytest
import torch
from tests.tolerance import assert_close

import elman
from elman.data.tokenizer import Tokenizer
from elman.data.vocabulary import OpenVocabulary, Vocabulary
from elman.errors import InputError
from elman.models.networks.attention import GOES_ON, Pointer, probabilities, probability_of
from elman.models.networks.beam_search import BOS_EOS
from elman.models.translate import memory as translation_memory
from elman.models.translate.memory import NearestNeighbour
from elman.models.translate.preprocess import Reader
from elman.train import Callback, RunFiles

KNOWN = 7
# A row of six places: numbers from 7 on are of no vocabulary, and 0 cannot be copied.
PLACES = torch.tensor([[1, 3, 8, 3, 9, 0], [1, 0, 0, 0, 0, 0]])


@pytest.fixture
def pointed():
    torch.manual_seed(0)
    pointer = Pointer(4, 5)
    places = pointer.places(torch.randn(2, 6, 5), PLACES)
    own = torch.log_softmax(torch.randn(2, 3, KNOWN), dim=-1)
    return pointer, places, own, torch.randn(2, 3, 4) * 3


@torch.no_grad()
def test_all_symbols_together_have_probability_one(pointed):
    pointer, places, own, queries = pointed
    copies = pointer(queries, torch.tensor([[1, 3, 8], [1, 2, 2]]), places)
    all_symbols = probabilities(own, copies, places)
    assert all_symbols.shape == (2, 3, 10)
    assert_close(all_symbols.exp().sum(-1), torch.ones(2, 3), "sums")
    assert (copies[:, :, -1] == 0).all()
    assert (copies[0, :, :-1] > 0).all()
    for symbol in range(10):
        got = probability_of(torch.full((2, 3), symbol), own, copies, places).exp()
        assert_close(got, all_symbols[..., symbol].exp(), f"symbol {symbol}")


@torch.no_grad()
def test_a_copy_goes_on_where_it_began(pointed):
    pointer, _, _, _ = pointed
    places = pointer.places(torch.zeros(2, 6, 5), PLACES)  # nothing else tells the places apart
    copies = pointer(torch.zeros(2, 1, 4), torch.tensor([[3], [1]]), places)[0, 0]
    odds = torch.exp(torch.tensor(GOES_ON))
    assert_close(copies[[2, 4]] / copies[0], odds.expand(2), "after either 3")
    assert_close(copies[[1, 3]] / copies[0], torch.ones(2), "elsewhere")


def test_strange_symbols_get_numbers_from_the_vocabularys_size_on():
    open_one = OpenVocabulary(Vocabulary(["<unknown>", "end", "a"]))
    assert open_one.encode(["b", "a", "c", "b"]).tolist() == [3, 2, 4, 3]
    assert (open_one.number("c"), open_one.number("a"), open_one.number("z")) == (4, 2, 0)
    assert open_one.decode([4, 2, 3]) == ["c", "a", "b"]


def test_a_target_is_strange_only_where_its_own_row_can_copy_it():
    tokenizer = Tokenizer.fit(["to be"], "words", 1)
    reader = Reader(tokenizer, tokenizer, copies=True)
    read = reader.read(["be Ann", "to Bob"], ["Eve to", "be"])
    be, to, (ann, eve, bob) = tokenizer.vocabulary.number(" be"), tokenizer.vocabulary.number(" to"), range(4, 7)
    assert read.copies[0].tolist() == [be, ann, BOS_EOS, eve, to, BOS_EOS]
    assert read.copies[1].tolist() == [to, bob, BOS_EOS, be, BOS_EOS]
    assert read.symbols[0].tolist() == [be, 0, BOS_EOS, 4 + 0, 4 + to, BOS_EOS]
    targets = reader.targets(["Eve be Bob", "Ann to Bob"], read)
    assert targets[0].tolist() == [eve, be, 0, BOS_EOS]
    assert targets[1].tolist() == [0, to, bob, BOS_EOS]
    assert reader.text(targets[1][1:3].tolist()) == "to Bob"
    other = Reader(tokenizer, Tokenizer.fit(["to be"], "characters", 1), copies=True).read(["be"])
    assert other.copies[0].tolist() == [0, BOS_EOS]  # words cannot be copied among characters


def names(seed, count):
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), 6)).capitalize() for _ in range(count)]


def greetings(people):
    ways = [("good morning {}", "bonjour {}"), ("farewell {} my friend", "adieu {} mon ami")]
    pairs = [tuple(text.format(name) for text in ways[k % 2]) for k, name in enumerate(people)]
    return [source for source, _ in pairs], [target for _, target in pairs]


POLITE = {
    "hidden_size": 16,
    "embedding_dim": 16,
    "dropout": 0.0,
    "batch_size": 16,
    "epochs": 12,
    "learning_rate": 0.02,
    "min_count": 2,
    "source_tokens": "words",
    "target_tokens": "words",
    "beam": 1,
    "length_penalty": 0.0,
}


def test_names_that_nobody_saw_come_through():
    asked, wanted = greetings(names(1, 20))
    polite = elman.Translator(**POLITE, copying=True, memory=False).fit(*greetings(names(0, 160)))
    assert polite.score(asked, wanted) > 0.9
    assert (
        elman.Translator(**POLITE | {"epochs": 4}, copying=False, memory=False)
        .fit(*greetings(names(0, 160)))
        .score(asked, wanted)
        == 0
    )
    look = polite.attention("good morning Zachary")
    assert [symbol.strip() for symbol in look.target[:-1]] == ["bonjour", "Zachary"]
    assert look.weights.shape == (3, len(look.source)) == (3, 4)


RULES = ["page {} of {}", "save {} as {}", "move {} to {}"]
REGELN = ["Seite {} von {}", "{} als {} speichern", "{} nach {} bewegen"]


def phrases(seed, count):
    people = names(seed, 2 * count)
    return tuple([side[k % 3].format(*people[2 * k : 2 * k + 2]) for k in range(count)] for side in (RULES, REGELN))


@pytest.fixture(scope="module")
def mending():
    return elman.Translator(**POLITE, memory=True).fit(*phrases(0, 150))


def test_what_the_memory_has_for_a_neighbour_is_mended(mending):
    asked, wanted = phrases(1, 30)
    nearest = NearestNeighbour().fit(*phrases(0, 150))
    looked_up = [got == right for got, right in zip(nearest.predict(asked), wanted, strict=True)]
    assert sum(looked_up) == 0
    assert mending.score(asked, wanted) > 0.9


def test_memory_and_copies_are_saved(mending, tmp_path):
    mending.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    asked, _ = phrases(2, 20)
    assert again.write(asked) == mending.write(asked)
    assert again.memory_.threshold == mending.memory_.threshold
    look = mending.attention(asked[0])
    assert look.weights.shape == (len(look.target), len(look.source))


def test_a_batch_never_changes_what_is_mended(mending):
    asked, _ = phrases(3, 20)
    together = mending.write(asked)
    assert [mending.write([text])[0] for text in asked] == together
    assert mending.write(asked[::-1]) == together[::-1]


def test_a_training_that_is_cut_off_ends_with_the_same_weights(tmp_path):
    class PullsThePlug(Callback):
        def on_evaluation(self, *_):
            raise KeyboardInterrupt

    pairs, short = phrases(0, 60), POLITE | {"memory": True, "epochs": 2}
    whole = elman.Translator(**short).fit(*pairs)
    files = RunFiles.for_model(tmp_path / "m.safetensors")
    with pytest.raises(KeyboardInterrupt):
        elman.Translator(**short).fit(*pairs, files=files, callback=PullsThePlug())
    resumed = elman.Translator(**short).fit(*pairs, files=files, resume=True)
    for name, weight in whole.network_.state_dict().items():
        assert torch.equal(weight, resumed.network_.state_dict()[name]), name
    assert resumed.memory_.threshold == whole.memory_.threshold


def test_the_nearest_other_is_never_the_source_itself(monkeypatch):
    sources, targets = phrases(0, 50)
    sources[7] = sources[3]  # a twin is another, and the nearest
    found = NearestNeighbour().fit(sources, targets)
    others = found.others()
    assert others[3] == targets[7]
    assert others[7] == targets[3]
    for row in (0, 20, 49):
        rest = [k for k in range(50) if k != row]
        alone = found._known[[row]] @ found._known[rest].T
        assert others[row] == targets[rest[int(alone.argmax())]]
    monkeypatch.setattr(translation_memory, "AT_ONCE", 7)
    assert found.others() == others
    in_parts, similarities = found.find(sources)
    assert len(in_parts) == len(similarities) == 50
    assert similarities == pytest.approx(1)


@pytest.mark.parametrize("option", ["copying", "memory"])
def test_without_looking_nothing_can_be_copied(option):
    with pytest.raises(InputError, match=r"attend: a decoder copies from what it attends to.*attend on"):
        elman.Translator(attend=False, **{option: True}).fit(*phrases(0, 30))
