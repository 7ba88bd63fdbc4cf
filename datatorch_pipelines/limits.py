"""The bounds on what an untrusted file may make us do."""

from __future__ import annotations

from attrs import field, frozen, validators

_positive = validators.gt(0)


@frozen(kw_only=True)
class Limits:
    """Bounds on files, documents and expressions; what passes one is a located diagnostic, never a crash.

    >>> Limits(max_depth=20).max_depth
    20
    """

    max_file_bytes: int = field(default=16 * 1024 * 1024, validator=_positive)
    """Size of a pipeline or action file, in bytes."""
    max_depth: int = field(default=64, validator=_positive)
    """How deep mappings and sequences of a document may nest."""
    max_nodes: int = field(default=2_000_000, validator=_positive)
    """How many keys and values a document may hold, each use of an alias counted whole."""
    max_expression_length: int = field(default=21_000, validator=_positive)
    """Length of one expression in characters (GitHub's own bound)."""
    max_expression_depth: int = field(default=50, validator=_positive)
    """How deep an expression may nest (GitHub's own bound)."""
    max_expression_result: int = field(default=32 * 1024 * 1024, validator=_positive)
    """Size of the text or data that one expression may produce, in characters."""
    max_output_bytes: int = field(default=128 * 1024 * 1024, validator=_positive)
    """Length of one line by which a step sets an output, in bytes; and of the data that one expression hands on, with 8
    for each value and 32 for each list and mapping."""
    max_event_bytes: int = field(default=25 * 1024 * 1024, validator=_positive)
    """Size of a webhook's body, in bytes (GitHub's own bound)."""
    max_instances: int = field(default=10_000, validator=_positive)
    """How many instances a job's matrix may have."""
    max_artifact_files: int = field(default=10_000, validator=_positive)
    """How many files of a step are kept."""
    max_artifact_bytes: int = field(default=64 * 1024 * 1024 * 1024, validator=_positive)
    """How large the files of a step that are kept may be together, in bytes."""


DEFAULT_LIMITS = Limits()
"""The bounds that hold unless others are given."""
