"""Exceptions for a user's input. Each message says where, what was expected, what was got and what to do.

`ElmanError` is the family; the command line turns any of them into one line on stderr and exit code 1.
Layers raise torch's own exception types instead, because they replace torch's layers.
"""


class ElmanError(Exception):
    """Something the user can put right. The message is one line."""


class InputError(ElmanError, ValueError):
    """An argument, option or value is out of range, of the wrong shape or of the wrong type."""


class DataError(ElmanError, ValueError):
    """A text, table or series cannot be used as it is."""


class ModelFileError(ElmanError, ValueError):
    """A model or checkpoint file is missing, truncated, altered, foreign, or made with another configuration."""


class TrainingError(ElmanError, RuntimeError):
    """Training had to stop: a loss or gradient is not finite. The last good checkpoint is kept."""


class RanksError(ElmanError, RuntimeError):
    """A rank of a training cannot reach the others, one of them has ended, or they were not started alike.

    Attributes:
        everywhere: whether all ranks raise this error with the same message.
    """

    def __init__(self, message: str, *, everywhere: bool = False) -> None:
        super().__init__(message)
        self.everywhere = everywhere


class MissingLibraryError(ElmanError, ImportError):
    """A library of an extra is not installed; the message says which extra brings it. See `elman.extras`."""


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory has run out: Python's own, or torch's, a RuntimeError with such a text."""
    said = str(error)
    return isinstance(error, MemoryError) or any(words in said for words in _NO_MEMORY)


_NO_MEMORY = ("DefaultCPUAllocator", "can't allocate memory", "out of memory", "Storage size calculation overflowed")
