"""What an expression may ask of its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import field, frozen, validators

Status = Literal["success", "failure", "cancelled", "skipped"]


@frozen(kw_only=True)
class Host:
    """What an expression may ask of its surroundings.

    ``status`` is how things stand (of the job for a step, of the needed jobs for a job), for ``success()``,
    ``failure()`` and ``cancelled()``, of which ``skipped`` is none. ``failed_above`` says that something failed further
    back, which ``failure()`` sees too unless all is to end. ``hash_files`` gets the patterns of a ``hashFiles()`` call
    and gives the digest; its ``ValueError`` and ``OSError`` become an ``ExpressionError``.

    >>> Host(status="failure").status
    'failure'
    """

    status: Status = field(default="success", validator=validators.in_(("success", "failure", "cancelled", "skipped")))
    failed_above: bool = False
    hash_files: Callable[[tuple[str, ...]], str] | None = None


DEFAULT_HOST = Host()
"""All went well so far, and there are no files."""
