"""Where secrets come from that are not known before they are asked for."""

from __future__ import annotations

from collections.abc import Callable

SecretProvider = Callable[[str], str | None]
"""Gives the secret of a name, or ``None`` where there is none. Called once for each name that a pipeline uses."""
