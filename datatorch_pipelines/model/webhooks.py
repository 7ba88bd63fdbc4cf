"""Calls from outside: whether they are signed with a secret, and the event in them."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Sequence

from datatorch_pipelines._json_words import wrong_with_json
from datatorch_pipelines.errors import EventRefused, PipelinesError, SignatureRefused
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
_FORM = "send 'sha256=' and 64 hexadecimal digits, as GitHub's X-Hub-Signature-256 has them"


def signature_of(body: bytes, secret: str | bytes) -> str:
    """The signature of a body. Raises `PipelinesError` for an empty secret, and for a body that is not bytes."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise PipelinesError(f"the body is of the type {type(body).__name__}", hint="give the bytes as they arrived")
    if not isinstance(secret, str | bytes) or not secret:
        raise PipelinesError("the secret of a webhook is empty, or no text", hint="give the one that the sender has")
    key = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    return "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()


def verify(body: bytes, signature: str | None, secret: str | bytes) -> None:
    """Raises `SignatureRefused` unless a body is signed with a secret; how long it takes tells nothing of either."""
    expected = signature_of(body, secret)
    if not signature:
        raise SignatureRefused("the call is not signed", hint=_FORM)
    found = _SIGNATURE.fullmatch(signature) if isinstance(signature, str) else None
    if found is None:
        raise SignatureRefused("the signature of the call is of the wrong form", hint=_FORM)
    if not hmac.compare_digest(expected.encode(), f"sha256={found[1].lower()}".encode()):
        raise SignatureRefused("the signature of the call is not that of its body", hint="sign it with the same secret")


def event_in(body: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, object]:
    """The JSON object that a body is. Raises `EventRefused`, whose message shows nothing of it."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise PipelinesError(f"the body is of the type {type(body).__name__}", hint="give the bytes as they arrived")
    if len(body) > limits.max_event_bytes:
        raise EventRefused(f"the body has more than {limits.max_event_bytes:,} bytes")
    try:
        text = bytes(body).decode("utf-8")
    except UnicodeDecodeError as error:
        raise EventRefused(f"the body is not UTF-8 text, at byte {error.start + 1}", hint="send JSON") from error
    try:
        event = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)
        _refuse_deep(event, limits.max_depth)
        if "\\ud" in text.lower():
            json.dumps(event, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise EventRefused(f"the body is no JSON: {wrong_with_json(error)}, at {place}", hint="send JSON") from error
    except RecursionError as error:
        raise EventRefused(f"the body nests deeper than {limits.max_depth} levels") from error
    except UnicodeEncodeError as error:
        hint = "send both halves of each \\ud800-\\udfff"
        raise EventRefused(
            "the body is no JSON that can be used: a text in it has half a character", hint=hint
        ) from error
    except ValueError as error:  # a whole number with thousands of digits
        raise EventRefused("the body is no JSON that can be read: a number in it is too large") from error
    if not isinstance(event, dict):
        raise EventRefused("the body is JSON, but no object", hint='send {"key": value}')
    return event


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Readers differ in which of two values of one key they take, so that neither can be meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise EventRefused("the body names a key twice in one object", hint="send each key once")
    return found


def _no_constant(name: str) -> object:
    raise EventRefused(f"the body has {name}, which is no number of JSON", hint="send null")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise EventRefused("the body is no JSON that can be read: a number in it is too large")
    return number


def _refuse_deep(value: object, most: int) -> None:
    """Raises ``RecursionError`` for what nests deeper than the limit."""
    level = [value]
    for _ in range(most):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return
    if any(isinstance(item, dict | list) for item in level):
        raise RecursionError
