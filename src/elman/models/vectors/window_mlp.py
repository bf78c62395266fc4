"""A fixed window of a sequence, and no memory: what a classifier with memory has to beat."""

from typing import Any

import numpy.typing as npt
from torch import Tensor, nn

from elman.data.inputs import Kind, TokenInput, learn_input
from elman.data.items import as_items
from elman.data.sequences import Side
from elman.data.splits import Split
from elman.models.estimator.contents import VectorContent
from elman.models.networks.feed_forward import FeedForwardNetwork
from elman.models.vectors.fixed_width import FixedWidth
from elman.models.vectors.window_options import WindowSettings


class WindowMLP(FixedWidth):
    """A multilayer perceptron over the last, or the first, N steps of each sequence: a baseline without memory.

    Sequences are texts, lists of symbols or series of numbers of any lengths, see `elman.data.items.as_items`. What
    lies outside the window is lost: two sequences that differ there alone get the same answer. Each place in the window
    has weights of its own, so that what was learned at one place is not known at another. Where a sequence is shorter
    than the window, the places before it (behind it, with the first steps) are zeros: no symbol's vector, or each
    feature's mean.

    Args:
        window: steps that are seen, N.
        side: "last" sees the last N steps, "first" the first.
        hidden: units in a layer.
        layers: hidden layers.
        tokens: how texts are cut: "words", "characters", "symbols" (between spaces), or "auto", as
            `SequenceClassifier` has it.
        min_count: how often a symbol has to come in training to be known; the others share one vector.
        embedding: length of the vector learned for each symbol.
        dropout: share of units dropped after each hidden layer while training, 0 up to 1.
        batch: sequences in an update.
        epochs: passes over the sequences; 20 where neither epochs nor minutes are given.
        minutes: time to train. The first limit reached counts.
        optimizer: "adam", "sgd" (with momentum) or "rmsprop".
        learning_rate: step size.
        momentum: of "sgd" and "rmsprop".
        weight_decay: what each update takes off the weights, as a share of them for each unit of the learning rate.
        averaging: share of the past in a running mean of the weights, which is measured and kept in place of the last
            ones; 0 keeps no mean.
        schedule: "constant", "cosine" or "linear" (to nothing at the last epoch), "exponential" (times `decay` an
            epoch), "plateau" (times `decay` when two evaluations bring nothing).
        decay: factor of "exponential" and "plateau".
        clip: largest global norm of the gradients; None leaves it alone.
        clip_value: largest magnitude of a single gradient; None leaves it alone.
        validation: share of the sequences that is held out, to choose the best weights on.
        split: which are held out: "stratified" draws the same share of each class, "shuffled" draws among all, "tail"
            takes the last ones.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        seed: fixes first weights, dropout, order and split. Same seed, same data, same weights.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network.
        input_: vocabulary or scale, from the training part.
        baselines_: held-out nats per sequence of the classes' shares; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that look, through the window, like one of the training part.
        held_out_: how the network and the shares did on the held-out part; None with nothing held out.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> ends = ["what a film good", "what a film bad", "some cast good", "some cast bad"]
        >>> model = elman.WindowMLP(window=1, min_count=1, tokens="words", epochs=60, validation=0)
        >>> model.fit(ends, ["yes", "no", "yes", "no"]).predict(["bad plot good"]).tolist()
        ['yes']
    """

    kind = "window-mlp"
    settings_type = WindowSettings
    content_type = VectorContent
    loss_unit = "nats/sequence"
    target = "sequence"
    network_: nn.Sequential
    window_: tuple[int, Side]

    def __init__(
        self,
        *,
        window: int = 16,
        side: Side = "last",
        hidden: int = 128,
        layers: int = 1,
        tokens: Kind = "auto",
        min_count: int = 2,
        embedding: int = 16,
        dropout: float = 0.3,
        batch: int = 64,
        epochs: int | None = None,
        minutes: float | None = None,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        averaging: float = 0.99,
        schedule: str = "constant",
        decay: float = 0.5,
        clip: float | None = 5.0,
        clip_value: float | None = None,
        validation: float = 0.1,
        split: Split = "stratified",
        patience: int | None = None,
        evaluate_every: int | None = None,
        seed: int = 0,
    ) -> None:
        self._take_options(locals())

    def _read(self, X: Any) -> list[Any]:
        return as_items(X)

    def _learn_input(self, items: list[Any], settings: WindowSettings) -> None:
        self.input_ = learn_input(items, settings.tokens, settings.min_count)
        self.window_ = settings.window, settings.side

    def _encode(self, items: list[Any]) -> npt.NDArray[Any]:
        """Return numbers of symbols `(n, N)`, or scaled steps `(n, N, I)`."""
        return self.input_.encode(items).window(*self.window_, self._nothing())

    def _nothing(self) -> int:
        """Return what stands where there is no step: a symbol after all others, or the mean of a feature."""
        return len(self.input_.vocabulary) if isinstance(self.input_, TokenInput) else 0

    def _make_network(self, settings: WindowSettings) -> None:
        self.network_ = self._build(lambda: self._network(settings))

    def _network(self, s: WindowSettings) -> nn.Sequential:
        symbols = self._nothing()
        first: list[nn.Module]
        if isinstance(self.input_, TokenInput):
            first, width = [nn.Embedding(symbols + 1, s.embedding, padding_idx=symbols)], s.embedding
        else:
            first, width = [], len(self.input_.mean)
        perceptron = FeedForwardNetwork(
            s.window * width, len(self.labels_), hidden=s.hidden, layers=s.layers, dropout=s.dropout
        )
        return nn.Sequential(*first, nn.Flatten(), perceptron)

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._rebuild(content, tensors)
        settings = self._settings()
        self.window_ = settings.window, settings.side
