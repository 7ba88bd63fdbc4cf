"""Actions that are zip archives on a web server: ``team/add@v1`` is the archive ``{base_url}/team/add/v1.zip``.

    pipeline.run(resolvers=[ZipResolver("https://artifacts.example.org/actions", owners=["team"])])

A version is put there once and stays what it is, so each is fetched once, into the store. The archive holds the
action's files at its top.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import http.client
import socket
import stat
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.model import ActionReference, ReferenceKind
from datatorch_pipelines.resolvers import Cancellation, Entry, Store, StoreLimits, Timeouts, in_thread

PIECE = 64 * 1024


class ZipResolver(Resolver):
    """Fetches the actions of some ``owners`` from below ``base_url`` (http or https).

    ``token`` is sent to that server alone. An archive whose reference is in ``sha256`` must have that SHA-256.
    """

    def __init__(
        self,
        base_url: str,
        *,
        owners: Collection[str],
        token: str | None = None,
        sha256: Mapping[str, str] | None = None,
        store: Store | None = None,
        limits: StoreLimits | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("base_url is an http or https URL without user, password and query")
        self._base, self._owners, self._token = base_url.rstrip("/"), frozenset(owners), token
        self._sha256, self._store = dict(sha256 or {}), store or Store()
        self._limits, self._timeouts = limits or StoreLimits(), timeouts or Timeouts()

    def matches(self, reference: ActionReference) -> bool:
        """Whether it is a version of an action of one of the owners."""
        owner = reference.name.partition("/")[0]
        return reference.kind is ReferenceKind.GITHUB and owner in self._owners and not reference.follows_default_branch

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action, fetched unless the store has it. Raises `ResolveError` and those below it."""
        work = functools.partial(self._kept, reference, context)
        try:
            async with asyncio.timeout(self._timeouts.total):
                entry = await in_thread(work)
        except TimeoutError:
            seconds = f"{self._timeouts.total:g} seconds"
            raise FetchFailed(f"{reference}: {self._base} took more than {seconds}", hint="try again later") from None
        return ResolvedAction(
            reference=reference, directory=entry.directory, digest=entry.digest, file=reference.file, url=entry.url
        )

    def _kept(self, reference: ActionReference, context: ResolveContext, cancellation: Cancellation) -> Entry:
        """The entry of the store; if there is none, it is made by one caller while all others wait."""
        parts = (*reference.name.split("/"), f"{reference.ref}.zip")
        if any(part in ("", ".", "..") for part in parts):
            raise ActionRefused(f"{reference} is no owner/repo@tag")
        path = "/".join(quote(part, safe="") for part in parts)
        url, expected = f"{self._base}/{path}", self._sha256.get(str(reference))

        def write(folder: Path) -> None:
            if context.offline:
                text = f"{reference} is not in the store, and the network is not to be used"
                raise ActionNotFound(text, hint="run once without offline")
            with tempfile.TemporaryFile() as archive:
                found = self._download(url, archive, reference, cancellation)
                if expected is not None and found != expected.lower():
                    raise ActionRefused(f"{reference}: {url} has the SHA-256 {found}, and not {expected}")
                self._unpack(archive, folder, reference, cancellation)

        version = expected or str(reference.ref)
        return self._store.keep(url, version, write, limits=self._limits, cancellation=cancellation)

    def _download(self, url: str, archive: IO[bytes], reference: ActionReference, cancellation: Cancellation) -> str:
        """Writes what the server sends, and gives its SHA-256."""
        request = urllib.request.Request(url)
        if self._token is not None:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        digest, size = hashlib.sha256(), 0
        try:
            with _opener(cancellation).open(request, timeout=self._timeouts.idle) as answer:
                while piece := answer.read(PIECE):
                    cancellation.check()
                    size += len(piece)
                    if size > self._limits.max_received_bytes:
                        most = self._limits.max_received_bytes
                        raise ActionRefused(f"{reference}: {url} is larger than the {most} bytes allowed")
                    digest.update(piece)
                    archive.write(piece)
                cancellation.check()
                if answer.headers.get("Content-Length", str(size)) != str(size):
                    raise FetchFailed(f"{reference}: {url} broke off", hint="try again")
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, f"{reference}: {url}") from None
        except (OSError, http.client.HTTPException) as error:
            cancellation.check()
            why = " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__
            raise FetchFailed(f"{reference}: {url} can't be fetched: {why}", hint="is it online?") from error
        return digest.hexdigest()

    def _unpack(self, archive: IO[bytes], folder: Path, reference: ActionReference, cancellation: Cancellation) -> None:
        """Writes the archive's files; all that has to be right before they are written is looked at here."""
        try:
            with zipfile.ZipFile(archive) as opened:
                members = opened.infolist()
                if len(members) > self._limits.max_entries:
                    raise ActionRefused(f"{reference}: its archive has more than {self._limits.max_entries} files")
                left = self._limits.max_tree_bytes
                for member in members:
                    left -= _write(opened, member, folder, left, cancellation)
        except ActionRefused as error:
            raise ActionRefused(f"{reference}: {error.message}") from error
        except OSError as error:
            raise ResolveError(f"{reference}: its archive can't be unpacked: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            why = " ".join(str(error).split())
            raise ResolveError(f"{reference}: its archive is no zip file that can be read: {why}") from error


def _write(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, most: int, cancellation: Cancellation
) -> int:
    """Writes a file or folder of an archive, of ``most`` bytes at the most, and gives its size."""
    shown, mode = ascii(member.filename[:100]), member.external_attr >> 16
    parts = member.filename.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ActionRefused(f"the name {shown} leads out of its archive")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ActionRefused(f"{shown} is neither file nor folder")
    path = folder.joinpath(*parts)
    if member.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    # What an archive says of its files' sizes is only what it says: what comes out of it counts.
    with opened.open(member) as packed, path.open("xb") as file:
        while piece := packed.read(PIECE):
            cancellation.check()
            size += len(piece)
            if size > most:
                raise ActionRefused("its files are larger than allowed")
            file.write(piece)
    path.chmod(0o755 if mode & 0o100 else 0o644)
    return size


def _refusal(status: int, what: str) -> ResolveError:
    """What a status of HTTP means: only of what surely isn't there another resolver may be asked."""
    if status in (404, 410):
        return ActionNotFound(f"{what} does not exist", hint="is it the right name and version?")
    if status in (401, 403):
        return AuthenticationFailed(f"{what} is not for everybody (status {status})", hint="give a token that is valid")
    return FetchFailed(f"{what} can't be fetched: the server says {status}", hint="try again later")


def _opener(cancellation: Cancellation) -> urllib.request.OpenerDirector:
    """What opens URLs by connections that end on cancellation, and follows no redirect to what is less safe."""

    def watched(kind: type[http.client.HTTPConnection]) -> type[http.client.HTTPConnection]:
        def connect(connection: http.client.HTTPConnection) -> None:
            kind.connect(connection)
            cancellation.add(functools.partial(socket.socket.shutdown, connection.sock, socket.SHUT_RDWR))

        return type(kind.__name__, (kind,), {"connect": connect})

    class OpensPlain(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(watched(http.client.HTTPConnection), request)

    class OpensEncrypted(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(watched(http.client.HTTPSConnection), request)

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, request, answer, *more):  # type: ignore[no-untyped-def]  # as its base has it
            if urlsplit(more[-1]).scheme not in (request.type, "https"):
                answer.close()
                raise ActionRefused(f"{request.full_url} redirects to what is less safe")
            return super().redirect_request(request, answer, *more)

    return urllib.request.build_opener(OpensPlain, OpensEncrypted, Redirects)
