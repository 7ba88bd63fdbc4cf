"""Secrets out of bytes and data: byte-wise, the longest first, across the borders of chunks."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, quote_plus

from attrs import frozen

# A password that holds an "@", or by mistake a "/" (a port is no password), is one too.
_RUNS = re.compile(r"([\s\"]+)")
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s\"]+|[^/@:\s\"\[]*:(?!\d*/)[^\s\"]+)(?=@)")
# "user:password@host:path" is no URL that git takes, but it holds a password. "image:tag@sha256:..." doesn't.
_WITHOUT_SCHEME = re.compile(r"(?<![^'(\[{,=])[\w.+-]+:[^/@:\s\"']+(?=@(?!sha\d+:)[\w.-]+[:/])")

MASK = b"***"
"""What stands in a secret's place."""


def star_credentials(line: str) -> str:
    """A line of a file with the user and password of each URL as stars, each character as one: columns stay.

    >>> star_credentials("git: https://me:secret@example.org/a.git")
    'git: https://*********@example.org/a.git'
    """
    if "@" not in line:
        return line
    return "".join(_starred(run) for run in _RUNS.split(line))


def _starred(run: str) -> str:
    """As `star_credentials`, for a text without white space: only what leads up to an ``@`` is looked through."""
    end = run.rfind("@") + 1
    starred = _CREDENTIALS.sub(_stars, run[:end]) + run[end:]
    return _WITHOUT_SCHEME.sub(_stars, starred) if end else starred


def _stars(found: re.Match[str]) -> str:
    return "*" * len(found[0])


def secret_forms(secret: str) -> frozenset[bytes]:
    """The byte strings by which a secret may show: itself, its lines, base64, URL- and JSON-escaped.

    White space around it doesn't count, and what is a single character is left alone: to mask it would tell where it
    stands in every word.
    """
    forms: set[bytes] = set()
    for text in {secret, secret.strip(), *secret.splitlines()}:
        raw = text.encode("utf-8", "surrogatepass")
        forms |= {raw, raw.strip()}
        forms |= {quote(raw).encode(), quote(raw, safe="").encode(), quote_plus(raw).encode()}
        for ascii_only in (True, False):
            forms.add(json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass"))
        forms |= _base64_forms(raw)
    return frozenset(form for form in forms if len(form.strip()) > 1)


def _base64_forms(raw: bytes) -> set[bytes]:
    """What base64 makes of a secret wherever in a longer text it starts: only the characters that are all its own."""
    forms: set[bytes] = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(raw).rstrip(b"="))
        for lead in (1, 2):
            encoded = encode(b"\0" * lead + raw)
            begin = (0, 2, 3)[lead]
            end = len(encoded) - (0, 4, 4)[0 if (lead + len(raw)) % 3 == 0 else 1]
            forms.add(encoded[begin:end])
    return {form for form in forms if len(form) >= 8}


@frozen
class _Forms:
    """All forms of the secrets that are known at one time, ready to be searched for."""

    ordered: tuple[bytes, ...]
    longest: int
    pattern: re.Pattern[bytes] | None
    first: re.Pattern[bytes] | None


def _searched(forms: Iterable[bytes]) -> _Forms:
    ordered = tuple(sorted(forms, key=lambda form: (-len(form), form)))
    if not ordered:
        return _Forms((), 0, None, None)
    firsts = b"".join(sorted({re.escape(form[:1]) for form in ordered}))
    pattern = re.compile(b"|".join(map(re.escape, ordered)))
    return _Forms(ordered, len(ordered[0]), pattern, re.compile(b"[" + firsts + b"]"))


class Masker:
    """Replaces every form of the given secrets by ``***``. Thread-safe; secrets may be added as they become known.

    >>> masker = Masker(["hunter2"])
    >>> masker.add("s3cret")
    >>> masker.text("the passwords are hunter2 and s3cret")
    'the passwords are *** and ***'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets)
        self._lock = threading.Lock()
        # Replaced whole, never changed: who reads it needs no lock.
        self.forms = _searched({form for secret in self.secrets for form in secret_forms(secret)})

    def add(self, secret: str) -> None:
        """Masks another secret from now on, also in streams that are open."""
        with self._lock:
            if secret not in self.secrets:
                self.forms = _searched({*self.forms.ordered, *secret_forms(secret)})
                self.secrets = self.secrets | {secret}

    def mask(self, data: bytes) -> bytes:
        """The bytes without secrets."""
        pattern = self.forms.pattern
        return pattern.sub(MASK, data) if pattern else data

    def text(self, text: str) -> str:
        """The text without secrets."""
        pattern = self.forms.pattern
        if pattern is None:
            return text
        return pattern.sub(MASK, text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def value(self, value: object) -> object:
        """JSON data without secrets, in keys and in texts; a number whose digits are a secret becomes ``***``."""
        if self.forms.pattern is None or value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            shown = str(value)
            return MASK.decode() if self.text(shown) != shown else value
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item) for item in value]
        return value

    def holds_secret(self, value: object) -> bool:
        """Whether data holds a secret in any form."""
        return self.value(value) != value

    def stream(self) -> MaskingStream:
        """A masker for bytes that come in chunks."""
        return MaskingStream(self)


class MaskingStream:
    """Masks one stream of bytes: what might be a secret's beginning waits for the next chunk."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The masked bytes that are certain by now."""
        known = self._masker.forms
        pattern, first = known.pattern, known.first
        if pattern is None or first is None:
            return data
        data = self._held + data
        pieces: list[bytes] = []
        position = 0
        # Before this place the longest form would be seen whole, so that what matches there is certain.
        safe = max(0, len(data) - known.longest + 1)
        for match in pattern.finditer(data):
            if match.start() >= safe:
                break
            pieces += (data[position : match.start()], MASK)
            position = match.end()
        keep = len(data)
        for candidate in first.finditer(data, max(position, safe)):
            start = candidate.start()
            if start < position:
                continue
            tail = data[start:]
            if any(len(form) > len(tail) and form.startswith(tail) for form in known.ordered):
                keep = start
                break
            if whole := pattern.match(data, start):
                pieces += (data[position:start], MASK)
                position = whole.end()
        pieces.append(data[position:keep])
        self._held = data[keep:]
        return b"".join(pieces)

    def close(self) -> bytes:
        """The rest, masked: nothing more comes."""
        rest, self._held = self._masker.mask(self._held), b""
        return rest
