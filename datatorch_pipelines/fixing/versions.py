"""Tags as versions: which of them is the newest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import frozen

_VERSION = re.compile(
    r"(?P<prefix>(?:[A-Za-z](?:[A-Za-z_.-]*[A-Za-z])?[-_/.])?)[vV]?(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18}){0,3})"
    r"(?:[-_.]?(?P<before>[A-Za-z][0-9A-Za-z.-]*|(?<=-)[0-9][0-9A-Za-z.-]*))?(?:\+[0-9A-Za-z.-]+)?"
)

_AFTER_RELEASE = re.compile(r"(?:post|patch|hotfix)[0-9.-]*", re.IGNORECASE)
_FIRST_YEAR = 1000
"""From this number on the first one of a tag is taken for a year or a date."""

_Part = tuple[int, str, int]


@frozen(order=True)
class Version:
    """A tag read as a version: ``v1``, ``1.2.3``, ``v2.0-rc.1``. Versions are ordered as semantic versioning has it."""

    numbers: tuple[int, ...]
    """Its numbers without zeros at the end, for comparison."""
    released: bool
    """False for what comes before a release: that with ``-rc.1`` or the like behind its numbers (but ``.post1``)."""
    before: tuple[_Part, ...]
    precision: int
    """How many numbers are written: 1 for ``v1``, 3 for ``1.2.3``."""
    prefix: str
    """What is written before the numbers, but for a ``v``: a repository may hold several things with tags."""

    @classmethod
    def parse(cls, tag: str) -> Version | None:
        """The version that a tag is, ``None`` for one that is none.

        >>> Version.parse("v10") > Version.parse("v9.5"), Version.parse("main")
        (True, None)
        """
        found = _VERSION.fullmatch(tag)
        if found is None:
            return None
        numbers = [int(part) for part in found["numbers"].split(".")]
        precision = len(numbers)
        while numbers and numbers[-1] == 0:
            numbers.pop()
        before = found["before"]
        parts = tuple(_part(part) for part in re.split(r"[.-]", before)) if before else ()
        released = before is None or _AFTER_RELEASE.fullmatch(before) is not None
        return cls(tuple(numbers), released, parts, precision, found["prefix"])

    def is_newer(self, other: Version) -> bool:
        """Whether it is a later version, however many numbers either has."""
        return self.rank > other.rank

    @property
    def is_dated(self) -> bool:
        """Whether it is a date, as in ``2024.1`` or ``20240131``: it is not newer than one that is counted up."""
        return bool(self.numbers) and self.numbers[0] >= _FIRST_YEAR

    @property
    def rank(self) -> tuple[tuple[int, ...], bool, tuple[_Part, ...]]:
        """What versions are ordered by."""
        return self.numbers, self.released, self.before

    def cut(self, precision: int) -> tuple[int, ...]:
        """Its first numbers, without zeros at the end."""
        numbers = list(self.numbers[:precision])
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return tuple(numbers)


def newest_tag(current: str, tags: Iterable[str]) -> str | None:
    """The tag to which ``current`` is upgraded: itself where none is newer, ``None`` where it is no version.

    It is the newest one in the order of versions, written as precisely as ``current`` where there is such a tag. What
    comes before a release counts only where ``current`` is of that kind itself.

    >>> newest_tag("v1", ["v1", "v2", "v2.1.0", "v3.0-rc1"]), newest_tag("1.2", ["1.2", "2.0", "2.0.1"])
    ('v2', '2.0')
    """
    now = Version.parse(current)
    if now is None:
        return None
    known = _versions(tags, now)
    top = max(known.values(), key=lambda version: version.rank, default=now)
    is_of_it = (
        now.released and not now.before and top.released and top.cut(now.precision) == now.numbers
    )  # v1.2 is what v1 stands for
    if is_of_it or not top.is_newer(now):
        return current
    same = [
        tag
        for tag, version in known.items()
        if version.precision == now.precision and version.numbers == top.cut(now.precision) and version.released
    ]
    if same and top.released and not top.before:
        best = _like(current, same)
        return best if known[best].is_newer(now) else current
    return _like(current, [tag for tag, version in known.items() if version.rank == top.rank])


def _versions(tags: Iterable[str], now: Version) -> Mapping[str, Version]:
    """The tags that may follow a version."""
    known = {tag: version for tag in tags if (version := Version.parse(tag)) is not None}
    return {
        tag: version
        for tag, version in known.items()
        if (version.prefix, version.is_dated) == (now.prefix, now.is_dated) and (version.released or not now.released)
    }


def _like(current: str, tags: list[str]) -> str:
    """The one of several tags of one version that is written most like the current one."""
    now = Version.parse(current)
    precision = now.precision if now else 0

    def likeness(tag: str) -> tuple[bool, int, str]:
        version = Version.parse(tag)
        far = abs(version.precision - precision) if version else 0
        return (tag[:1] == "v") != (current[:1] == "v"), far, tag

    return min(tags, key=likeness)


def _part(text: str) -> _Part:
    """Numbers come before words, and are compared as numbers; so are those at the end of a word, as in ``rc10``."""
    if text.isdigit():
        return 0, "", int(text)
    found = re.fullmatch(r"(.*?)([0-9]{0,18})", text)
    word, number = (found[1], found[2]) if found else (text, "")
    return 1, word, int(number or 0)
