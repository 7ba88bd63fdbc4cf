"""The proxy for a URL, as the environment names it: ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from datatorch_pipelines.errors import ResolveError
from datatorch_pipelines.resolvers.urls import GitUrl

_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\s]")
_HINT = "write http://host:port, or http://user:password@host:port"


@frozen
class Proxy:
    """A proxy, and the variable that named it. ``str()`` and ``repr`` show neither user nor password."""

    scheme: str
    host: str
    port: int
    variable: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The header's value for its user and password; ``None`` where it has neither."""
        if self.username is None and self.password is None:
            return None
        return basic(self.username or "", self.password or "")


def basic(username: str, password: str) -> str:
    """The value of an ``Authorization`` header, in UTF-8 as git sends it."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def proxy_for(url: GitUrl, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy that the environment names for an http or https URL, ``None`` for a direct connection.

    Lower case counts before upper case, a scheme's own variable before ``all_proxy``, and an empty one means none.
    Raises `ResolveError` for what is no address of an http proxy; its text doesn't show it.
    """
    for name in (f"{url.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            # In a CGI program HTTP_PROXY is the header `Proxy:` of whoever asks.
            if variable not in environment or (variable == "HTTP_PROXY" and "REQUEST_METHOD" in environment):
                continue
            if not environment[variable].strip() or _is_excepted(url, environment):
                return None
            return _parsed(environment[variable].strip(), variable)
    return None


def _parsed(text: str, variable: str) -> Proxy:
    """A proxy's address taken apart. What it is stays unsaid: it may hold a password anywhere."""
    whole = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
        username, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
        if "@" in parts.path:
            # A '/' in a password ends what is read as the host.
            host = None
    except ValueError:
        host = None
    if host is None or _CONTROL.search(whole) or not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        raise ResolveError(f"{variable} is no address of a proxy", hint=_HINT)
    if scheme not in _PORTS:
        kind = "a SOCKS proxy" if scheme.startswith("socks") else "no http proxy"
        raise ResolveError(f"{variable} names {kind}, which is not supported", hint=_HINT)
    if any(one is not None and any(not letter.isprintable() for letter in one) for one in (username, password)):
        raise ResolveError(f"the user or password in {variable} holds a control character", hint=_HINT)
    return Proxy(scheme, host, port or _PORTS[scheme], variable, username, password)


def _is_excepted(url: GitUrl, environment: Mapping[str, str]) -> bool:
    """Whether ``no_proxy`` names the host: itself or a domain above it, with or without a port, a network, or ``*``."""
    named = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    return any(_names(entry, url) for entry in re.split(r"[\s,]+", named.lower()) if entry)


def _names(entry: str, url: GitUrl) -> bool:
    if entry == "*":
        return True
    host = url.host.rstrip(".").lower()
    address = _network(host)
    if address is not None and (network := _network(entry.strip("[]"))) is not None:
        return address.version == network.version and address.network_address in network
    split = re.fullmatch(r"\[?(.+?)\]?:(\d+)", entry)
    if split is not None and (entry.startswith("[") or entry.count(":") == 1):
        if int(split[2]) != (url.port or _PORTS[url.scheme]):
            return False
        entry = split[1]
    name = entry.strip("[]").removeprefix("*").strip(".")
    return bool(name) and (host == name or (address is None and host.endswith(f".{name}")))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A network, of one address where that is all there is; ``None`` for a name."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
