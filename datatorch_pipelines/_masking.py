"""Secrets out of bytes and data: byte-wise, the longest first, across the borders of chunks."""

from __future__ import annotations

import base64
import json
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
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

    Of one that is a JSON object or list, every text in it that isn't short counts as a secret too. White space around
    it doesn't count, and what is a single character is left alone: to mask it would tell where it stands in every word.
    """
    forms: set[bytes] = set()
    for text in {secret, secret.strip(), *secret.splitlines(), *_texts_in(secret)}:
        raw = text.encode("utf-8", "surrogatepass")
        forms |= {raw, raw.strip()}
        for escaped in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
            forms |= {escaped.encode(), _ESCAPE.sub(lambda found: found[0].lower(), escaped).encode()}
        for ascii_only in (True, False):
            once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
            forms |= {each.encode("utf-8", "surrogatepass") for each in (once, twice)}
        forms |= {repr(text)[1:-1].encode("utf-8", "surrogatepass"), ascii(text)[1:-1].encode()}
        forms |= _base64_forms(raw)
    return frozenset(form for form in forms if len(form.strip()) > 1)


_ESCAPE = re.compile("%[0-9A-F]{2}")
_LONG = 8
"""From how many characters on a text in a JSON secret, or a piece of base64, can't stand there by chance."""
_WIDTHS = (64, 76)
"""The widths of lines of base64, as ``openssl`` and ``base64`` write them."""


def _texts_in(secret: str) -> Iterator[str]:
    """The longer texts in a secret that is a JSON object or list, as keys of cloud services are."""
    if secret.strip()[:1] not in ("{", "["):
        return
    try:
        pending = [json.loads(secret)]
    except (ValueError, RecursionError):
        return
    while pending:
        item = pending.pop()
        if isinstance(item, str) and len(item) >= _LONG:
            yield item
            yield from item.splitlines()
        elif isinstance(item, dict | list):
            pending += item.values() if isinstance(item, dict) else item


def _base64_forms(raw: bytes) -> set[bytes]:
    """What base64 makes of a secret wherever in a longer text it starts: the characters that are all its own.

    The last character may have bits of what follows; where nothing does, it is known too. What begins with the secret
    may be broken into lines.
    """
    forms: set[bytes] = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in (0, 1, 2):
            encoded = encode(b"\0" * lead + raw).rstrip(b"=")
            begin, end = -(-8 * lead // 6), 8 * (lead + len(raw)) // 6
            forms |= {encoded[begin:end], encoded[begin:]}
        encoded = encode(raw).rstrip(b"=")
        for width in _WIDTHS:
            if len(encoded) > width:
                forms |= {encoded[at : at + width] for at in range(0, len(encoded), width)}
    return {form for form in forms if len(form) >= _LONG}


@frozen
class _Forms:
    """All forms of the secrets that are known at one time, ready to be searched for.

    ``ordered`` is in the order of bytes, so that those with a given beginning stand together.
    """

    ordered: tuple[bytes, ...]
    longest: int
    pattern: re.Pattern[bytes] | None
    first: re.Pattern[bytes] | None

    def may_go_on(self, data: bytes, start: int) -> bool:
        """Whether a form begins with all of ``data`` from ``start`` on, and is longer."""
        few = data[start : start + 16]  # most places are settled by that, without a copy of what may be long
        index = bisect_left(self.ordered, few)
        if index == len(self.ordered) or not self.ordered[index].startswith(few):
            return False
        tail = data[start:]
        index = bisect_right(self.ordered, tail)
        return index < len(self.ordered) and self.ordered[index].startswith(tail)


def _searched(forms: Iterable[bytes]) -> _Forms:
    ordered = tuple(sorted(forms))
    if not ordered:
        return _Forms((), 0, None, None)
    firsts = b"".join(sorted({re.escape(form[:1]) for form in ordered}))
    pattern = re.compile(_branches(ordered, _TREE_DEPTH))
    return _Forms(ordered, max(map(len, ordered)), pattern, re.compile(b"[" + firsts + b"]"))


_TREE_DEPTH = 4


def _branches(forms: Sequence[bytes], depth: int) -> bytes:
    """A pattern for the forms, the longest first; for the first bytes a tree, so that few are tried at any place."""
    if depth == 0 or len(forms) < 4:
        return b"|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))
    groups = groupby(forms, key=lambda form: form[:1])  # the empty one, if it is there, comes first
    branches = [
        re.escape(first) + b"(?:" + _branches([form[1:] for form in group], depth - 1) + b")" if first else b""
        for first, group in groups
    ]
    return b"|".join(sorted(branches, key=lambda branch: not branch))


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

    def add(self, *secrets: str) -> None:
        """Masks more secrets from now on, also in streams that are open. Many at once cost as much as one."""
        with self._lock:
            new = set(secrets) - self.secrets
            if new:
                self.forms = _searched({*self.forms.ordered, *(form for each in new for form in secret_forms(each))})
                self.secrets = self.secrets | new

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
            try:
                shown = str(value)
            except ValueError:  # thousands of digits, which Python won't write: nobody will see them
                return value
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
            if known.may_go_on(data, start):
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
