"""What is kept of a step beside its log: the files that it left, and what its tests said."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from datatorch_pipelines.diagnostics import NOT_RECORDED


@frozen(kw_only=True)
class Artifact:
    """A file that a step left in ``$DATATORCH_ARTIFACTS``.

    ``name`` is its path there, with ``/``; ``file`` its path in the run's folder, and ``path`` where that is now (a
    result has it, an event not); ``size`` counts bytes, ``digest`` is the SHA-256 of its content, in hexadecimal.
    """

    name: str
    file: str
    size: int
    digest: str
    path: Path | None = field(default=None, eq=False, metadata={NOT_RECORDED: True})


@frozen(kw_only=True)
class FailedTest:
    """A test that failed: its ``name`` (with its class, if it has one), and the ``text`` that it left."""

    name: str
    text: str = ""


@frozen(kw_only=True)
class SuiteResult:
    """The sum of the JUnit reports among a step's artifacts; what ended by an error counts as failed.

    ``failures`` are the first of those that failed, a thousand at the most.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[FailedTest, ...] = ()
