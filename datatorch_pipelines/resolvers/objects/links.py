"""Whether symbolic links made by a stranger stay in their folder, each followed as the system would."""

from __future__ import annotations

import re
from collections.abc import Mapping

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers.objects.file_names import folded, shown

_MAX_LINKS = 40
_MAX_PATH = 4096
_MAX_STEPS = 1_000_000
"""How many parts of targets are looked at for all links together: a few seconds' work."""


def check_links(links: Mapping[str, str]) -> None:
    """Refuses links that leave their folder, directly or through other links, or that lead in a circle.

    ``links`` are targets by relative path, with ``/``. A link that leads to nothing is none of these. Raises
    `ActionRefused`.

    >>> check_links({"a": "d/x", "d/x": "../a.txt"})
    >>> check_links({"d": "..", "a": "d/x"})
    Traceback (most recent call last):
        ...
    datatorch_pipelines.errors.ActionRefused: the symbolic link 'd' leads out of the action
    """
    # A file system that takes "A" for "a" follows the link "a" there too.
    targets = {_folded_path(path): target for path, target in links.items()}
    left = _MAX_STEPS
    for path in links:
        left = _follow(path, targets, left)


def _follow(link: str, targets: Mapping[str, str], left: int) -> int:
    """Follows one link to its end; gives how many of the steps that were left are left then."""
    places: list[str] = []
    todo = link.split("/")[::-1]
    followed = 0
    while todo:
        left -= 1
        if left < 0:
            raise ActionRefused("its symbolic links are too tangled to follow")
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not places:
                raise _leaves(link)
            places.pop()
            continue
        place = f"{places[-1]}/{folded(part)}" if places else folded(part)
        target = targets.get(place)
        if target is None:
            if len(place) > _MAX_PATH:
                raise ActionRefused(f"the symbolic link {shown(link)} leads too deep")
            places.append(place)
            continue
        followed += 1
        if target.startswith("/") or "\\" in target or re.match(r"[A-Za-z]:", target):
            raise _leaves(link)
        if followed > _MAX_LINKS:
            raise ActionRefused(f"the symbolic link {shown(link)} leads in a circle or through too many links")
        todo.extend(target.split("/")[::-1])
    return left


def _leaves(link: str) -> ActionRefused:
    return ActionRefused(f"the symbolic link {shown(link)} leads out of the action")


def _folded_path(path: str) -> str:
    return "/".join(folded(part) for part in path.split("/"))
