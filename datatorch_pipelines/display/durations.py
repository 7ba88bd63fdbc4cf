"""How long something took, for people."""

from __future__ import annotations


def duration_text(seconds: float) -> str:
    """A duration in the two units that matter.

    >>> duration_text(0.04), duration_text(75.2), duration_text(3720)
    ('0.0 s', '1 min 15 s', '1 h 2 min')
    """
    seconds = max(0.0, seconds)
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
