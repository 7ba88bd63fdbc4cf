"""How large something is, for people."""

from __future__ import annotations


def size_text(count: int) -> str:
    """A number of bytes in the unit that fits.

    >>> size_text(7), size_text(1536), size_text(3 * 1024**2), size_text(2**60)
    ('7 B', '1.5 KiB', '3.0 MiB', '1048576.0 TiB')
    """
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1023.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
