"""Which commit a ref means, given what a server advertises."""

from __future__ import annotations

import difflib
import enum
import itertools
import re
from collections.abc import Mapping

from attrs import frozen

from datatorch_pipelines.model.reference import DEFAULT_REF

HEAD, BRANCHES, TAGS, PEELED = b"HEAD", b"refs/heads/", b"refs/tags/", b"^{}"
_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# git takes the digits of an id in either case; those of its own are small.
_FULL = re.compile(r"[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?")
_SHORT = re.compile(r"[0-9A-Fa-f]{7,63}")
_DIGITS = re.compile(r"([0-9]+)")
_LOOKED_AT = 20_000
"""How many of a server's names are looked at for one that is alike: a second's work at most."""
_LONGEST = 250
"""No reference can name a branch or tag whose name is longer."""


class RefKind(enum.StrEnum):
    """What a ref is. Tags and commits stay what they are, so that a present one needs no network."""

    BRANCH = "branch"
    TAG = "tag"
    DEFAULT = "default"
    COMMIT = "commit"

    @property
    def is_fixed(self) -> bool:
        """Whether it means the same commit tomorrow."""
        return self in (RefKind.TAG, RefKind.COMMIT)


@frozen
class Chosen:
    """The object that a ref names; ``also_tag`` where a tag of that name was passed over for the branch."""

    sha: bytes
    kind: RefKind
    also_tag: bool = False


def is_object_id(sha: bytes) -> bool:
    """Whether what a server sent is an object's id: only such may become part of a path."""
    return _ID.fullmatch(sha) is not None


def is_full_commit(ref: str | None) -> bool:
    """Whether a ref is a whole commit id."""
    return ref is not None and _FULL.fullmatch(ref) is not None


def may_be_short_commit(ref: str | None) -> bool:
    """Whether a ref may be the beginning of a commit id: seven digits or more."""
    return ref is not None and _SHORT.fullmatch(ref) is not None and not is_full_commit(ref)


def object_id(ref: str | None) -> bytes:
    """A commit's id, or its beginning, as git writes it.

    >>> object_id("12AB")
    b'12ab'
    """
    return (ref or "").lower().encode()


def means_default(ref: str | None) -> bool:
    """Whether a ref means what the server's HEAD is.

    >>> [means_default(ref) for ref in (None, "latest", "HEAD", "main")]
    [True, True, True, False]
    """
    return ref in (None, DEFAULT_REF, HEAD.decode())


def wanted_prefixes(ref: str | None) -> list[bytes]:
    """What to ask a server for, so that it lists only what may be meant.

    >>> wanted_prefixes("v1")
    [b'refs/heads/v1', b'refs/tags/v1']
    """
    if ref is None or means_default(ref) or is_full_commit(ref):
        return [HEAD]
    if ref.startswith("refs/"):
        return [ref.encode()]
    return [BRANCHES + ref.encode(), TAGS + ref.encode()]


def choose(refs: Mapping[bytes, bytes], ref: str | None) -> Chosen | None:
    """What ``ref`` names among a server's refs; a branch before a tag, as ``git clone --branch`` has it.

    >>> choose({b"refs/tags/v1": b"12ab"}, "v1").kind.value
    'tag'
    """
    if ref is None or means_default(ref):
        return Chosen(refs[HEAD], RefKind.DEFAULT) if HEAD in refs else None
    name = ref.encode()
    if ref.startswith("refs/"):
        kind = RefKind.TAG if name.startswith(TAGS) else RefKind.BRANCH
        return Chosen(refs[name], kind) if name in refs else None
    branch, tag = refs.get(BRANCHES + name), refs.get(TAGS + name)
    if branch is not None:
        return Chosen(branch, RefKind.BRANCH, also_tag=tag is not None)
    return Chosen(tag, RefKind.TAG) if tag is not None else None


def commits_at_tips(refs: Mapping[bytes, bytes], prefix: bytes) -> list[bytes]:
    """The commits that branches and tags (annotated ones peeled) point to and that begin with ``prefix``."""
    peeled = {name.removesuffix(PEELED) for name in refs if name.endswith(PEELED)}
    shas = {sha for name, sha in refs.items() if name not in peeled}
    return sorted(sha for sha in shas if sha.startswith(prefix))


def near_names(refs: Mapping[bytes, bytes], ref: str) -> str:
    """A hint out of the names of a server's branches and tags."""
    names = {}
    for prefix in (BRANCHES, TAGS):
        named = (name for name in refs if name.startswith(prefix) and not name.endswith(PEELED))
        for name in itertools.islice(named, _LOOKED_AT):
            if len(name) <= len(prefix) + _LONGEST:
                shown = name.removeprefix(prefix).decode("utf-8", "replace")
                # git allows no such name; a server may send one to play with the terminal.
                if shown.isprintable():
                    names[shown] = prefix
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    tags = sorted((name for name, prefix in names.items() if prefix == TAGS), key=_version)[-5:]
    if tags:
        return f"it has the tags {', '.join(tags)}"
    branches = sorted(names)[:5]
    return f"it has no tags; its branches are {', '.join(branches)}" if branches else "it has neither tags nor branches"


def _version(name: str) -> list[tuple[int, str]]:
    """A sort key by which v10 comes after v9."""
    # Not by `int`: it takes neither all that counts as a digit nor any number of them.
    parts = [(part, part.lstrip("0")) for part in _DIGITS.split(name)]
    return [(len(number), number) if _DIGITS.fullmatch(part) else (-1, part) for part, number in parts]
