"""Define `WindowMLP`, a baseline without memory: a classifier of a fixed window of each sequence."""

from typing import Any

import numpy.typing as npt
from torch import Tensor, nn

from elman.data.inputs import TokenInput, fit_input
from elman.data.items import as_items
from elman.models.estimator.contents import VectorContent
from elman.models.networks.feed_forward import FeedForwardNetwork
from elman.models.vectors.fixed_width import FixedWidth
from elman.models.vectors.options import WindowOptions
from elman.options import SideName


class WindowMLP(FixedWidth, WindowOptions):
    """A multilayer perceptron over the last, or the first, N steps of each sequence: a baseline without memory.

    Sequences are texts, lists of symbols or series of numbers of any lengths, see `elman.data.items.as_items`. What
    is outside the window is lost: two sequences that differ there alone get the same answer. Each place in the window
    has weights of its own, so that what was learned at one place is not known at another. Where a sequence is shorter
    than the window, the places before it (behind it, with the first steps) are zeros: no symbol's vector, or each
    feature's mean.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network.
        input_: vocabulary or scale, from the training part.
        baselines_: held-out nats per sequence of the class frequencies; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that look, through the window, like one of the training part.
        held_out_: how the network and the class frequencies did on the held-out part; None with nothing held out.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> ends = ["what a film good", "what a film bad", "some cast good", "some cast bad"]
        >>> model = elman.WindowMLP(window=1, min_count=1, tokens="words", epochs=60, validation_fraction=0)
        >>> model.fit(ends, ["yes", "no", "yes", "no"]).predict(["bad plot good"]).tolist()
        ['yes']
    """

    kind = "window-mlp"
    content_type = VectorContent
    loss_unit = "nats/sequence"
    target = "sequence"
    network_: nn.Sequential
    window_: tuple[int, SideName]

    def _read(self, X: Any) -> list[Any]:
        return as_items(X)

    def _learn_input(self, items: list[Any], options: WindowOptions) -> None:
        self.input_ = fit_input(items, options.tokens, options.min_count)
        self.window_ = options.window, options.side

    def _encode(self, items: list[Any]) -> npt.NDArray[Any]:
        """Return numbers of symbols `(n, N)`, or scaled steps `(n, N, I)`."""
        return self.input_.encode(items).window(*self.window_, self._nothing())

    def _nothing(self) -> int:
        """Return the padding where there is no step: a symbol after all others, or the mean of a feature."""
        return len(self.input_.vocabulary) if isinstance(self.input_, TokenInput) else 0

    def _make_network(self, options: WindowOptions) -> None:
        self.network_ = self._build(lambda: self._network(options))

    def _network(self, s: WindowOptions) -> nn.Sequential:
        symbols = self._nothing()
        first: list[nn.Module]
        if isinstance(self.input_, TokenInput):
            first, width = [nn.Embedding(symbols + 1, s.embedding_dim, padding_idx=symbols)], s.embedding_dim
        else:
            first, width = [], len(self.input_.mean)
        perceptron = FeedForwardNetwork(
            s.window * width, len(self.labels_), hidden_size=s.hidden_size, num_layers=s.num_layers, dropout=s.dropout
        )
        return nn.Sequential(*first, nn.Flatten(), perceptron)

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._rebuild(content, tensors)
        options = self._options()
        self.window_ = options.window, options.side
