"""Users and passwords for git servers: where they come from when a URL has none."""

from __future__ import annotations

import inspect
import ipaddress
import re
import threading
import traceback
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import PurePath

from attrs import field, frozen

from datatorch_pipelines.contracts.resolver import ResolveRun
from datatorch_pipelines.errors import ResolveError
from datatorch_pipelines.resolvers.cancellation import Cancellation
from datatorch_pipelines.resolvers.transport.netrc_file import netrc_login
from datatorch_pipelines.resolvers.transport.proxies import proxy_for
from datatorch_pipelines.resolvers.urls import GitUrl

Credentials = Callable[[str], tuple[str, str] | None]
"""Told a repository's URL, without user and password; gives the user and the password for it, or ``None``.

It is called in a thread of its own, at most once for each repository and run, only for http and https URLs that have
neither user nor password, and only when the server wants them.
"""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_RETURN = "return (user, password), or None"
_Answer = tuple[str, str] | None


@frozen
class Login:
    """A user and a password, and where they come from, as an error is to name it."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    source: str


Asker = Callable[[GitUrl, Cancellation], Login | None]
"""Finds the user and password for a repository, whose server wants them. Raises `ResolveError`, without secrets."""


class AskedOnce:
    """A callback for credentials that is called at most once for each repository and run, by any number of threads.

    What it does wrong comes as a `ResolveError`, the same for all who ask. Its own error is named by its kind and place
    alone, and not chained: its text may hold what is secret.
    """

    def __init__(self, ask: Credentials) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._runs: weakref.WeakKeyDictionary[ResolveRun, dict[str, Future[_Answer]]] = weakref.WeakKeyDictionary()

    def __call__(self, url: str) -> _Answer:
        """As the callback itself."""
        return self._ask(url)

    def answer(self, url: str, run: ResolveRun, cancellation: Cancellation) -> _Answer:
        """The user and the password for a URL, as the callback gave them in this run."""
        with self._lock:
            known = self._runs.setdefault(run, {})
            is_first = url not in known
            future = known.setdefault(url, Future())
        if is_first:
            problem, answer = _asked(self._ask, url)
            if problem is None:
                future.set_result(answer)
            else:
                future.set_exception(problem)
        else:
            over = threading.Event()
            future.add_done_callback(lambda _: over.set())
            with cancellation.on_cancel(over.set):
                over.wait()
            cancellation.check()
        failed = future.exception()
        if isinstance(failed, ResolveError):
            # Each who asks gets an error of its own: an error gathers the traceback of whoever raises it.
            raise ResolveError(failed.message, hint=failed.hint)
        return future.result()


def asked_once(ask: Credentials | None) -> AskedOnce | None:
    """A callback that is asked once a run; resolvers that are given the same one share what it answers."""
    return ask if ask is None or isinstance(ask, AskedOnce) else AskedOnce(ask)


def asker(ask: AskedOnce | None, run: ResolveRun, environment: Mapping[str, str]) -> Asker:
    """What finds a login: the callback first, then the netrc file."""

    def find(url: GitUrl, cancellation: Cancellation) -> Login | None:
        if ask is not None and url.username is None and url.password is None:
            given = ask.answer(str(url), run, cancellation)
            if given is not None:
                return Login(*given, "of credentials=")
        if not url.password and is_private(url, environment):
            found = netrc_login(url.host, url.username, environment)
            if found is not None:
                return Login(found.username, found.password, f"of {found.path}")
        return None

    return find


def is_private(url: GitUrl, environment: Mapping[str, str]) -> bool:
    """Whether nobody on the way can read a password: TLS, or a line that doesn't leave this machine."""
    if url.scheme == "https":
        return True
    if proxy_for(url, environment) is not None:
        return False
    try:
        return url.host == "localhost" or ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def _asked(ask: Credentials, url: str) -> tuple[ResolveError | None, _Answer]:
    """What a callback gives, or what is wrong with it."""
    try:
        given: object = ask(url)
    except BaseException as error:  # whatever it raises, the thread that waits is to be told
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} in {PurePath(place.filename).name}, line {place.lineno}"
    else:
        return _checked(given, url)
    return ResolveError(f"the credentials for {url} can't be had: {kind}", hint="correct the callback"), None


def _checked(given: object, url: str) -> tuple[ResolveError | None, _Answer]:
    if given is None:
        return None, None
    if inspect.iscoroutine(given):
        given.close()
        return ResolveError(f"the callback for the credentials of {url} is async", hint="give a plain function"), None
    if not isinstance(given, tuple | list) or len(given) != 2 or not all(isinstance(one, str) for one in given):
        return ResolveError(f"the credentials for {url} are no user and password", hint=_RETURN), None
    username, password = given
    if any(_CONTROL.search(one) or not _is_text(one) for one in (username, password)):
        return ResolveError(f"the credentials for {url} hold a control character", hint=_RETURN), None
    if ":" in username:
        return ResolveError(f"the user for {url} holds a ':', which HTTP can't send", hint=_RETURN), None
    return None, (username, password)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
