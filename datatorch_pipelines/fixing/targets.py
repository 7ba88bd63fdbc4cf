"""What a reference is to become: the commit of its tag, or a newer tag."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from datatorch_pipelines.errors import ResolveError
from datatorch_pipelines.fixing.references import Site
from datatorch_pipelines.fixing.versions import Version, newest_tag
from datatorch_pipelines.resolvers.asking.listing import RemoteRefs
from datatorch_pipelines.resolvers.refs import is_full_commit, may_be_short_commit


@frozen
class Target:
    """What is to be written in the place of a reference's tag; ``old_comment`` is the comment that it replaces."""

    ref: str
    comment: str | None = None
    old_comment: str | None = None


Decide = Callable[[Site, RemoteRefs], Target | str | None]
"""What a reference is to become: ``None`` for what it is, a text that says why it has to stay."""


def is_unpinned(site: Site) -> bool:
    """Whether a reference is anything but a whole commit."""
    return not is_full_commit(site.reference.ref)


def pinned(site: Site, refs: RemoteRefs) -> Target:
    """The commit that a reference means. Raises `ResolveError` for a tag that there is none of."""
    ref = site.reference.ref
    if site.reference.follows_default_branch:
        if refs.default_commit is None:
            raise ResolveError(f"{site.reference}: {refs.url} has no default branch", hint="name a tag or branch")
        return Target(refs.default_commit, refs.default_branch, ref)
    commit = refs.commit(ref)
    if commit is not None:
        return Target(commit, ref, ref)
    if may_be_short_commit(ref):
        short = str(ref).lower()
        tips = sorted({tip for tip in (*refs.branches.values(), *refs.tags.values()) if tip.startswith(short)})
        if len(tips) == 1:
            return Target(tips[0])
        raise ResolveError(f"{site.reference} is a short commit that no tag or branch has", hint="write it in full")
    raise ResolveError(
        f"{site.reference}: {refs.url} has no tag or branch {str(ref)!r}", hint=refs.near_names(str(ref))
    )


def upgraded(site: Site, refs: RemoteRefs) -> Target | str | None:
    """The newest tag, or its commit where a commit is written."""
    ref = site.reference.ref
    if ref is None or site.reference.follows_default_branch:
        return "it follows the default branch"
    if not refs.tags:
        return f"{refs.url} has no tags"
    if is_full_commit(ref):
        if site.comment in refs.branches and not _is_version(site.comment):
            return f"it is a commit of the branch {site.comment!r}"
        current = site.comment if _is_version(site.comment) else _tag_of(ref, refs)
        if current is None:
            return "its commit is that of no tag"
        target = newest_tag(current, refs.tags)
        commit = refs.tags.get(target) if target else None
        return None if target is None or commit in (None, ref) else Target(str(commit), target, current)
    target = newest_tag(ref, refs.tags)
    if target is None:
        return f"{ref!r} is no version"
    return None if target == ref else Target(target)


def _is_version(text: str | None) -> bool:
    return text is not None and Version.parse(text) is not None


def _tag_of(commit: str, refs: RemoteRefs) -> str | None:
    """The newest tag that is a version and stands for a commit."""
    found = [(version, tag) for tag, at in refs.tags.items() if at == commit and (version := Version.parse(tag))]
    return max(found, key=lambda item: (item[0].rank, item[0].precision), default=(None, None))[1]
