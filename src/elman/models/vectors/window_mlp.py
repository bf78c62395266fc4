"""Define `WindowMLP`, a baseline without memory: a classifier of a fixed window of each sequence."""

from torch import nn

from elman.models.estimator.contents import VectorContent
from elman.models.vectors.estimator import FixedWidth
from elman.models.vectors.network import FeedForwardNetwork
from elman.models.vectors.options import WindowOptions


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
        preprocessor_: vocabulary or scale and the classes, from the training part.
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
    network_: nn.Sequential

    def _make_network(self, options: WindowOptions) -> None:
        self.network_ = self._build(lambda: self._network(options))

    def _network(self, options: WindowOptions) -> nn.Sequential:
        symbols = self.preprocessor_.symbols
        first: list[nn.Module]
        if symbols:
            width = options.embedding_dim
            first = [nn.Embedding(symbols + 1, width, padding_idx=symbols)]
        else:
            first, width = [], self.preprocessor_.features
        perceptron = FeedForwardNetwork(options.window * width, len(self.preprocessor_.labels), options)
        return nn.Sequential(*first, nn.Flatten(), perceptron)
