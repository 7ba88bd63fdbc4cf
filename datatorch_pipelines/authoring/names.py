"""What a new action may be called: a name that is a folder's, a line of a file and a word of a command alike."""

from __future__ import annotations

import re
import unicodedata

from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.syntax.names import shown

_LONGEST = 40
"""How many characters an action's name may have (published ``action.schema.json``)."""

_RULE = "use letters, digits, spaces, '-', '_' and '.', such as resize-images"
_OTHERS = re.compile(r"[^a-z0-9]+")


def check_action_name(name: str) -> str:
    """The name, if an action may have it; else raises `PipelinesError`, whose message says what is wrong with it.

    >>> check_action_name("resize-images")
    'resize-images'
    """
    why = _wrong_with(name)
    if why is None:
        return name
    raise PipelinesError(f"{shown(name)} is no name for an action: {why}", hint=_RULE)


def _wrong_with(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > _LONGEST:
        return f"it has {len(name)} characters, and at most {_LONGEST} are allowed"
    if not name.isprintable():
        return "it holds a character that does not show"
    if name != name.strip():
        return "it begins or ends with a space"
    if name[0] in "-.":
        return f"it begins with '{name[0]}'"
    for letter in "/\\":
        if letter in name:
            return f"it holds {letter!r}"
    return "it holds an expression" if "${{" in name else None


def image_name(name: str) -> str:
    """A name as that of a container image.

    >>> image_name("Résize Images (v2)"), image_name("数据")
    ('resize-images-v2', 'action')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _OTHERS.sub("-", plain.lower()).strip("-") or "action"
