"""What is kept of a step beside its log: the files that it left, and what its tests said."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Artifact:
    """A file that a step left in ``$DATATORCH_ARTIFACTS``.

    ``name`` is its path there, with ``/``; ``file`` its path in the run's folder; ``size`` counts bytes, ``digest`` is
    the SHA-256 of its content, in hexadecimal.
    """

    name: str
    file: str
    size: int
    digest: str


@frozen(kw_only=True)
class FailedTest:
    """A test that failed: its ``name`` (with its class, if it has one), and the ``text`` that it left."""

    name: str
    text: str = ""


@frozen(kw_only=True)
class SuiteResult:
    """The sum of the JUnit reports among a step's artifacts; what ended by an error counts as failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[FailedTest, ...] = ()
