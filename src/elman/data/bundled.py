"""A text that needs no download: the topics of Python's own `help()`, which every CPython carries."""

from elman.errors import DataError


def bundled_text() -> str:
    """Return about 460 thousand characters of technical English.

    Raises:
        DataError: this Python was packaged without them.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise DataError("pydoc_data.topics: this Python lacks them: give a text with --file") from error
    return "\n\n".join(topics[name].strip() for name in sorted(topics))
