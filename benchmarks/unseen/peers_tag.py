"""Tag by a conditional random field over the usual features of words, and by an averaged perceptron."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from sklearn_crfsuite import CRF

from benchmarks.unseen.table import Score, Split

Rows = list[list[str]]
ROUNDS = 5


def figures(data: Split, found: Rows) -> dict[str, float]:
    """Return the accuracy over all words, over words that training has not, and the F1 of entities if there are any."""
    known = {word for row in data.X for word in row}
    triples = [
        (word not in known, tag == right)
        for words, tags, rights in zip(data.asked, found, data.answers, strict=True)
        for word, tag, right in zip(words, tags, rights, strict=True)
    ]
    unknown = [hit for new, hit in triples if new]
    scores = {"accuracy": float(np.mean([hit for _, hit in triples]))}
    if any(tag == "O" for row in data.y for tag in row):
        scores = {"entities F1": entities_f1(data.answers, found)} | scores
    return scores | ({"unknown words": float(np.mean(unknown))} if unknown else {})


def entities_f1(wanted: Rows, found: Rows) -> float:
    """Return the F1 of whole entities, given as B-, I-, E- and S- tags."""
    right, total = 0, 0
    for rights, tags in zip(wanted, found, strict=True):
        ours, theirs = set(_entities(tags)), set(_entities(rights))
        right += 2 * len(ours & theirs)
        total += len(ours) + len(theirs)
    return right / max(total, 1)


def _entities(tags: list[str]) -> Iterator[tuple[int, int, str]]:
    start, name = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        if name and (tag[:2] in {"B-", "S-"} or tag == "O" or tag[2:] != name):
            yield start, place, name
            name = ""
        if tag != "O" and not name:
            start, name = place, tag[2:]


def _features(words: list[str], k: int) -> list[str]:
    word = words[k]
    shape = "".join("X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c for c in word)
    found = [f"w={word}", f"lower={word.lower()}", f"s2={word[-2:]}", f"s3={word[-3:]}", f"shape={shape}", "bias"]
    found += [f"p2={word[:2]}"]
    for step in (-2, -1, 1, 2):
        near = words[k + step] if 0 <= k + step < len(words) else "<edge>"
        found += [f"w[{step}]={near.lower()}", f"s3[{step}]={near[-3:]}"]
    return found


def crf(data: Split) -> Score:
    """Return the scores of CRFsuite by L-BFGS."""
    score, model = Score(), CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=True)
    with score.timed():
        model.fit([[_features(row, k) for k in range(len(row))] for row in data.X], data.y)
    found = model.predict([[_features(row, k) for k in range(len(row))] for row in data.asked])
    score.figures = figures(data, [list(row) for row in found])
    return score


def perceptron(data: Split) -> Score:
    """Return the scores of a greedy averaged perceptron that sees the two tags before."""
    score, model = Score(), AveragedPerceptron(sorted({tag for row in data.y for tag in row}))
    with score.timed():
        model.fit(data.X, data.y)
    score.figures = figures(data, [model.tag(row) for row in data.asked])
    return score


class AveragedPerceptron:
    """A greedy tagger, one weight for each feature and tag, averaged over all steps of training (Collins, 2002)."""

    def __init__(self, tags: list[str]) -> None:
        self.tags = tags
        self.weights: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(tags)))
        self.sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(tags)))

    def fit(self, X: Rows, y: Rows) -> None:
        random, step = np.random.default_rng(0), 1
        for _ in range(ROUNDS):
            for row in random.permutation(len(X)):
                before = ["<s>", "<s>"]
                for k, right in enumerate(y[row]):
                    features = self._seen(X[row], k, before)
                    said, wanted = self._best(features), self.tags.index(right)
                    if said != wanted:
                        for name in features:
                            for place, change in ((wanted, 1.0), (said, -1.0)):
                                self.weights[name][place] += change
                                self.sums[name][place] += change * step
                    step += 1
                    before = [before[1], self.tags[said]]
        self.weights = {name: values - self.sums[name] / step for name, values in self.weights.items()}

    def tag(self, words: list[str]) -> list[str]:
        before, found = ["<s>", "<s>"], []
        for k in range(len(words)):
            found.append(self.tags[self._best(self._seen(words, k, before))])
            before = [before[1], found[-1]]
        return found

    def _seen(self, words: list[str], k: int, before: list[str]) -> list[str]:
        return [*_features(words, k), f"t-1={before[1]}", f"t-2={before[0]},{before[1]}"]

    def _best(self, features: list[str]) -> int:
        known = [self.weights[name] for name in features if name in self.weights]
        return int(np.sum(known, axis=0).argmax()) if known else 0


PEERS = {"CRFsuite": crf, "perceptron": perceptron}
