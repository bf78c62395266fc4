from elman.data.vocabulary import UNKNOWN, Vocabulary


def test_symbols_are_numbered_by_count_and_the_rest_is_unknown():
    vocabulary = Vocabulary.fit(["abracadabra", "zz"], min_count=2)
    assert vocabulary.symbols == (UNKNOWN, "a", "b", "r", "z")
    assert vocabulary.encode("azq").tolist() == [1, 4, 0]
    assert vocabulary.decode([1, 0]) == ["a", UNKNOWN]
    assert "c" not in vocabulary
    assert Vocabulary(vocabulary.symbols).encode("bra").tolist() == vocabulary.encode("bra").tolist()


def test_special_symbols_are_there_whether_they_come_or_not():
    vocabulary = Vocabulary.fit([["b", "</s>"]], special=("<s>", "</s>"))
    assert vocabulary.symbols == (UNKNOWN, "<s>", "</s>", "</s>", "b")
    assert vocabulary.encode(["</s>", "<s>", UNKNOWN, "b"]).tolist() == [3, 0, 0, 4]
    assert vocabulary.encode([]).tolist() == []
