"""What ``ssh`` says on its standard error when it fails, in this library's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datatorch_pipelines.errors import AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.resolvers.urls import GitUrl

_CHANGED = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed|is revoked\b.*host key")
_UNKNOWN = re.compile(r"Host key verification failed|No \S+ host key is known for|Host key not verified")
_DENIED = re.compile(r"Permission denied \([\w,-]+\)|Too many authentication failures|No more authentication methods")
_NO_GIT = re.compile(r"(?i)git-upload-pack\S{0,3}:? .*not (?:found|recognized)|not found.{0,3} git-upload-pack")
_UNREACHABLE = re.compile(
    r"ssh: (?:connect to host \S+ port \d+: |Could not resolve hostname \S+: )(.+)|(Unable to negotiate with .+)"
)
_BROKE_OFF = re.compile(
    r"(?:kex|ssh)_exchange_identification|banner exchange|client_loop"
    r"|Connection (?:closed|reset)|Connection to \S+ (?:closed|timed out)"
)


def ssh_failure(url: GitUrl, lines: Sequence[bytes]) -> ResolveError | None:
    """The error that the lines on ssh's standard error mean, ``None`` where they don't say why it ended.

    A server may print such lines too: they choose among texts, and no more.
    """
    text = [line.decode("utf-8", "replace") for line in lines]

    def said(pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((match for match in map(pattern.search, text) if match), None)

    place = f"{url.host}:{url.port}" if url.port else url.host
    way = f"-p {url.port} {url.host}" if url.port else url.host
    if said(_CHANGED):
        return AuthenticationFailed(
            f"{place} has another ssh host key than the one that is known for it: somebody may be in between",
            hint="if its key was changed on purpose, replace it in known_hosts",
        )
    if said(_UNKNOWN):
        return AuthenticationFailed(
            f"the ssh host key of {place} is not known", hint=f"run `ssh {way}` once, or add its key to known_hosts"
        )
    if said(_DENIED):
        return AuthenticationFailed(f"{url} refused the ssh key", hint=f"can `ssh {way}` log in to it?")
    if said(_NO_GIT):
        return FetchFailed(f"{place} has no git", hint="install git there")
    unreachable = said(_UNREACHABLE)
    if unreachable is not None:
        reason = unreachable[1] or unreachable[2]
        if "timed out" in reason:
            return FetchFailed(f"{url.origin} did not answer the call in time", hint="is it online?")
        plain = "".join(one if one.isprintable() else " " for one in reason).strip()[:200]
        return FetchFailed(f"{url.origin} can't be reached: {plain}", hint="is it online?")
    if said(_BROKE_OFF):
        return FetchFailed(f"{url} broke off", hint="try again later")
    return None
