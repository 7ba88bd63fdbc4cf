"""TLS to https servers: whom to trust, and what went wrong in words that help.

Nothing in the environment switches the verification of a server's certificate off.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from datatorch_pipelines.errors import FetchFailed, ResolveError
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.sockets import shut

_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME = (62, 64)
_UNKNOWN = (2, 18, 19, 20, 21)
_NO_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


def tls_context(ca_file: str | None, environment: Mapping[str, str]) -> ssl.SSLContext:
    """What decides whom to trust: ``ca_file``, else ``$GIT_SSL_CAINFO``, else the system's authorities.

    ``$SSL_CERT_FILE`` and ``$SSL_CERT_DIR`` stand in for the system's, as for all programs that use OpenSSL. Raises
    `ResolveError` for a file that can't be read or holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # An authority below the root may be named as the one to trust, as for git.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    named = ca_file or environment.get("GIT_SSL_CAINFO")
    if named:
        _load(context, named, "ca_file" if ca_file else "GIT_SSL_CAINFO")
        return context
    if environment.get("SSL_CERT_FILE"):
        _load(context, environment["SSL_CERT_FILE"], "SSL_CERT_FILE")
    folders = environment.get("SSL_CERT_DIR")
    if folders and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise ResolveError(f"SSL_CERT_DIR names no folder that is there: {folders!r}", hint="correct or unset it")
    context.load_default_certs()
    return context


def _load(context: ssl.SSLContext, name: str, source: str) -> None:
    """Has a context trust a file's certificates."""
    path = os.path.expanduser(name)  # noqa: PTH111  # a home that is not known leaves the path as it is
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ResolveError(
            f"the file {path!r} of {source} holds no certificate", hint="it must be PEM: -----BEGIN CERTIFICATE-----"
        ) from None
    except OSError as error:
        raise ResolveError(
            f"the file {path!r} of {source} can't be read: {error.strerror}",
            hint="it is to hold the certificate authorities to trust",
        ) from error
    except ValueError as error:
        raise ResolveError(f"{path!r} of {source} is no path of a file", hint="correct it") from error


def secured(plain: socket.socket, host: str, place: str, context: ssl.SSLContext, session: Session) -> ssl.SSLSocket:
    """A connected socket with TLS on it. ``place`` names the server in the text of a `FetchFailed`."""
    # The handshake has its own line: until it is done, what `wrap_socket` would return could not be shut down.
    secure = context.wrap_socket(plain, server_hostname=host.rstrip("."), do_handshake_on_connect=False)
    try:
        with session.cancellation.on_cancel(functools.partial(shut, secure)):
            session.cancellation.check()
            secure.do_handshake()
    except OSError as error:
        secure.close()
        session.cancellation.check()
        raise tls_failure(error, place) from error
    except BaseException:
        secure.close()
        raise
    return secure


def tls_failure(error: OSError, place: str) -> FetchFailed:
    """What an error of the first words of TLS means, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_failure(error, place)
    if isinstance(error, TimeoutError):
        return FetchFailed(f"{place} did not begin TLS in time", hint="does it speak https at this port?")
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return FetchFailed(f"{place} does not speak TLS", hint="is the port right, or is it an http server?")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        return FetchFailed(f"{place} broke off when TLS began", hint="does it speak https at this port?")
    reason = (getattr(error, "reason", None) or error.strerror or type(error).__name__).replace("_", " ").lower()
    return FetchFailed(f"{place} and this machine can't agree on TLS: {reason}", hint="is the server up to date?")


def _certificate_failure(error: ssl.SSLCertVerificationError, place: str) -> FetchFailed:
    code = error.verify_code
    if code == _EXPIRED:
        return FetchFailed(f"the certificate of {place} has expired", hint="the server needs a new one")
    if code == _NOT_YET:
        return FetchFailed(f"the certificate of {place} is not valid yet", hint="is this machine's clock right?")
    if code in _WRONG_NAME:
        return FetchFailed(f"the certificate of {place} is for another host name", hint="is the host of the URL right?")
    if code in _UNKNOWN:
        return FetchFailed(
            f"the certificate of {place} is from an authority that is not known here",
            hint="name the authority's file by SSL_CERT_FILE, or by ca_file= in Python",
        )
    return FetchFailed(
        f"the certificate of {place} can't be trusted: {error.verify_message}", hint="the server needs another one"
    )
