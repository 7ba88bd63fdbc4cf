"""How a test of a kit fails: by one message that tells the author what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def require(holds: object, message: str, cause: BaseException | None = None) -> None:
    """Fails the test with ``message`` unless the rule holds; shows ``cause``, the author's own error, too."""
    __tracebackhide__ = True
    if not holds:
        raise AssertionError(message) from cause


def needed(value: T | None, message: str, cause: BaseException | None = None) -> T:
    """The value; fails the test with ``message`` where there is none."""
    __tracebackhide__ = True
    if value is None:
        raise AssertionError(message) from cause
    return value


def shown(value: object) -> str:
    """A value for a message: on one line, printable, not too long."""
    text = ascii(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def listed(items: Iterable[object]) -> str:
    """A few things for a message, each once."""
    texts = list(dict.fromkeys(str(item) for item in items))
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")


def is_one_line(text: str) -> bool:
    """Whether a text is one line that a terminal may be given: some words, and no character that steers."""
    return bool(text.strip()) and text.isprintable()
