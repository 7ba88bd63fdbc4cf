"""Users and passwords for git servers: where they come from when a URL has none."""

from __future__ import annotations

from collections.abc import Callable

from datatorch_pipelines.resolvers.urls import GitUrl

Credentials = Callable[[str], tuple[str, str] | None]
"""Told a repository's URL, without user and password; gives the user and the password for it, or ``None``.

It is called in a thread of its own, only for http and https URLs that have neither user nor password.
"""


def with_credentials(url: GitUrl, ask: Credentials | None) -> GitUrl:
    """The URL with a user and a password: its own, else those that ``ask`` gives; as it is where there are none."""
    if not url.is_http or url.username is not None or url.password is not None:
        return url
    found = ask(str(url)) if ask is not None else None
    return url if found is None else url.with_credentials(*found)
