"""One file a job, and `load` for any model that was saved."""

from elman.models.captioner import Captioner
from elman.models.feed_forward import FeedForward
from elman.models.forecaster import Forecaster
from elman.models.loading import load
from elman.models.sequence_classifier import SequenceClassifier
from elman.models.sequence_tagger import SequenceTagger
from elman.models.text_generator import TextGenerator
from elman.models.translator import Translator
from elman.models.window_mlp import WindowMLP

__all__ = [
    "Captioner",
    "FeedForward",
    "Forecaster",
    "SequenceClassifier",
    "SequenceTagger",
    "TextGenerator",
    "Translator",
    "WindowMLP",
    "load",
]
