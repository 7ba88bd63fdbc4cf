"""Git URLs: the few forms that are allowed, taken apart once, with the credentials kept aside.

Nothing else of the library looks into a URL, and no URL reaches dulwich as text: what is not understood here is
refused, so that no scheme, option or shell text hidden in one can have an effect.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

from attrs import field, frozen

from datatorch_pipelines.errors import ActionRefused

SCHEMES = ("https", "http", "ssh", "git", "file")
"""The allowed schemes; ``user@host:path`` is ssh."""

_SCP = re.compile(r"(?:([^@/:]+)@)?([^@/:\[\]]{2,}|\[[0-9A-Fa-f:.]+\]):(.+)", re.DOTALL)
# The user's ssh configuration may hand the name to a shell (ProxyCommand with %r).
_SSH_USER = re.compile(r"[^\s'\"`$;&<>|(){}*?]*[^\s'\"`$;&<>|(){}*?\\]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,19}")
_PLAIN_IN_PATH = "/!$&'()*+,;=:@~"
_MAX_LENGTH = 2000
_FORMS = "write https://host/path.git, ssh://host/path.git, git://host/path.git, user@host:path.git or file:///path"


@frozen(cache_hash=True)
class GitUrl:
    """Where a repository is. ``path`` is decoded, except for http and https, where it is sent as it stands.

    ``str()`` gives the URL without user and password, in ASCII, such that `parse_git_url` reads the same place out of
    it; neither appears in ``repr`` either.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def is_http(self) -> bool:
        """Whether it is served by HTTP, with or without TLS."""
        return self.scheme in ("http", "https")

    @property
    def origin(self) -> str:
        """Scheme, host and port: what an error about the server names."""
        return f"{self.scheme}://{self._netloc}"

    @property
    def identity(self) -> str:
        """The text that the store's key is made of: over ssh one path may mean two things to two users."""
        # Quoted: a "/" in it would make it the host and the path of another URL.
        user = f"{quote(self.username, safe='')}@" if self.scheme == "ssh" and self.username else ""
        return f"{self.scheme}://{user}{self._netloc}{self._shown_path}"

    @property
    def _netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def _shown_path(self) -> str:
        return self.path if self.path.startswith("/") else f"/~/{self.path}"

    def __str__(self) -> str:
        path = self._shown_path if self.is_http else quote(self._shown_path, safe=_PLAIN_IN_PATH)
        return f"{self.scheme}://{self._netloc}{path}"

    def with_credentials(self, username: str, password: str) -> GitUrl:
        """The same place, with a user and a password."""
        return GitUrl(self.scheme, self.host, self.port, self.path, username, password)

    def with_path(self, path: str) -> GitUrl:
        """The same server and credentials, another path."""
        return GitUrl(self.scheme, self.host, self.port, path, self.username, self.password)


def parse_git_url(text: str) -> GitUrl:
    """Takes a git URL apart.

    Raises `ActionRefused` for one that is not allowed. The error's text shows no part of it that may be secret.

    >>> parse_git_url("https://me:secret@example.org/a.git")
    GitUrl(scheme='https', host='example.org', port=None, path='/a.git')
    >>> str(parse_git_url("git@example.org:me/a.git"))
    'ssh://example.org/~/me/a.git'
    """
    if not text:
        raise _refused("the git URL is empty")
    if len(text) > _MAX_LENGTH:
        raise _refused(f"a git URL is longer than {_MAX_LENGTH} characters")
    if " " in text or not text.isprintable():
        raise _refused("a git URL holds a space or a control character", hint="write %20 for a space")
    if text.startswith("-") or "::" in text.split("[", 1)[0]:
        raise _refused("a git URL that names a helper program or an option is refused")
    if "\\" in text:
        raise _refused("a git URL holds a backslash", hint="write / in a path, and %5C in a user or password")
    if "://" not in text:
        return _parse_scp(text)
    scheme = text.split("://", 1)[0].lower()
    if not _SCHEME.fullmatch(scheme):
        raise _refused("a git URL has no scheme")
    if scheme not in SCHEMES:
        raise _refused(f"git URLs that begin with {scheme!r} are refused")
    return _parse_url(scheme, text)


def _parse_url(scheme: str, text: str) -> GitUrl:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # What urlsplit says quotes the password, so that its error must not even be the context of ours.
        parts = None
    if parts is None or port == 0:
        raise _refused(f"a git URL with the scheme {scheme} has a host or port of the wrong form")
    host = parts.hostname or ""
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        # Not even the host is shown: it is the user or password where that holds such a character.
        raise _refused(f"a git URL with the scheme {scheme} has a '?' or '#', which no git server takes")
    if parts.netloc.count("@") > 1:
        # Which of them ends the password is read in two ways.
        hint = "write %40 for an '@' in a user or password"
        raise _refused(f"a git URL with the scheme {scheme} has more than one '@' before its path", hint=hint)
    path = _decoded(parts.path, "path")
    _check_path(scheme, path)
    if scheme == "file":
        if host not in ("", "localhost") or parts.username is not None or port is not None:
            raise _refused("a file URL names a host", hint="write file:///path, with three slashes")
        return GitUrl("file", "", None, path)
    _check_host(host)
    username = _decoded(parts.username, "user") if parts.username else None
    password = _decoded(parts.password, "password") if parts.password else None
    _check_credentials(scheme, username, password)
    if scheme == "ssh":
        path = _path_from_home(path)
        _check_path(scheme, path)
    if scheme in ("http", "https"):
        path = quote(parts.path, safe=f"{_PLAIN_IN_PATH}%")
    return GitUrl(scheme, host, port, path, username, password)


def _parse_scp(text: str) -> GitUrl:
    match = _SCP.fullmatch(text)
    if match is None:
        raise _refused("a git URL has no scheme")
    username, host, path = match.groups()
    if username is None and "@" in path:
        # To git, the host of `user:password@host:path` is `user`.
        raise _refused("a git URL has a ':' before its '@'", hint="an ssh URL holds no password; write user@host:path")
    host = host.strip("[]").lower()
    _check_host(host)
    _check_credentials("ssh", username, None)
    path = _path_from_home(path)
    _check_path("ssh", path)
    return GitUrl("ssh", host, None, path, username)


def _path_from_home(path: str) -> str:
    """A path of ssh as the server is to have it: ``/~/a`` and ``~/a`` are ``a`` to git, and ``/~me/a`` is ``~me/a``."""
    return path[path.startswith("/~") :].removeprefix("~/")


def _decoded(text: str, what: str) -> str:
    """A part of a URL without its percent signs."""
    decoded = unquote_to_bytes(text).decode("utf-8", "surrogateescape")
    # Not by the decoder's own error, which holds what may be a password.
    if any("\udc80" <= character <= "\udcff" for character in decoded):
        raise _refused(f"the {what} of a git URL is no UTF-8", hint="write each byte of its UTF-8 form as %XX")
    return decoded


def _check_host(host: str) -> None:
    if "%" in host:
        # It is not shown: it may be a user or password whose '@' was written as %40.
        raise _refused("the host of a git URL holds a '%'", hint="write user:password@host with a plain '@'")
    if not host.isascii():
        raise _refused(f"the host {_short(host)!a} of a git URL is not in ASCII", hint="write its xn--... form")
    if not _HOST.fullmatch(host) or len(host) > 253 or (":" in host and not _is_ipv6(host)):
        raise _refused(f"the host {_short(host)!r} of a git URL is no host name")


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _check_credentials(scheme: str, username: str | None, password: str | None) -> None:
    if any(part is not None and _CONTROL.search(part) for part in (username, password)):
        raise _refused("the user or password of a git URL holds a control character")
    if username is not None and username.startswith("-"):
        raise _refused("the user of a git URL begins with '-'")
    if scheme == "ssh" and username is not None and not _SSH_USER.fullmatch(username):
        raise _refused("the user of an ssh URL holds a character that means something to a shell")
    if scheme == "ssh" and password is not None:
        raise _refused("an ssh URL holds a password", hint="use a key that ssh-agent knows, or an https URL")
    if username is not None and scheme in ("http", "https") and ":" in username:
        raise _refused("the user of a git URL holds a ':', which HTTP can't send")


def _check_path(scheme: str, path: str) -> None:
    """``path`` is decoded: what is not allowed may hide behind percent signs."""
    if _CONTROL.search(path):
        raise _refused("the path of a git URL holds a control character")
    if "\\" in path:
        raise _refused("the path of a git URL holds a backslash")
    if "::" in path:
        raise _refused("the path of a git URL holds '::', which names a helper program")
    if not path.strip("/"):
        raise _refused("a git URL has no path")
    if ".." in path.split("/"):
        raise _refused("the path of a git URL has a '..'", hint="write the path that it leads to")
    if scheme in ("ssh", "git") and path.startswith("-"):
        raise _refused("the path of a git URL begins with '-'")


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _refused(message: str, *, hint: str = _FORMS) -> ActionRefused:
    return ActionRefused(message, hint=hint)
