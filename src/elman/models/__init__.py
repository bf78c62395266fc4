"""One file a job, and `load` for any model that was saved."""

from elman.models.load import load
from elman.models.text_generator import TextGenerator

__all__ = ["TextGenerator", "load"]
