"""How a step names its action: a string or an object, read into one `ActionReference`."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from datatorch_pipelines.errors import ModelError

DEFAULT_REF = "latest"
_HEAD = "HEAD"
"""The tag that stands for a repository's default branch."""

_NAME_PART = re.compile(r"(?!-)[A-Za-z0-9._-]{1,100}")
_MAX_NAME_PART = 100
# What moves or hides text, in a terminal or an editor; the halves of surrogate pairs are in no text at all.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|\.lock(?:/|$)|(?:^|/)\.|[./]$|^[-/]|^@$")
# Forms that no resolver takes may hold a password too: one with a "/" in it, and `user:password@host:path`.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s]*@|[^/@:\s\[]*:(?!\d*/)\S*@)")
_WITHOUT_SCHEME = re.compile(r"[^/@:\s]+:(?!//)\S*@")
_SPACE = re.compile(r"(\s+)")
_MAX_REF = 250
_FORMS = "write owner/repo@tag, ./path or local/name@tag"
_GITHUB_URL = re.compile(
    r"(?:(?:https?|git|ssh)://(?:[^/@\s]*@)?|git@)(?:www\.)?github\.com[/:]"
    r"(?P<name>[A-Za-z0-9._-]+/[A-Za-z0-9._-]+?)(?:\.git)?(?:/|[@#](?P<ref>[A-Za-z0-9._/-]+))?"
)
_OTHERWISE_JOINED = re.compile(r"(?P<name>[A-Za-z0-9._-]+/[A-Za-z0-9._-]+)\s*[@#:]\s*(?P<ref>[A-Za-z0-9._/-]+)")
_OTHER_PATH = re.compile(r"\.{1,2}\\|[A-Za-z]:[\\/]|/|~")


def hide_credentials(url: str) -> str:
    """A URL without its user and password, fit for a message or a record.

    >>> hide_credentials("https://me:secret@example.org/a.git")
    'https://example.org/a.git'
    """
    if "@" not in url:
        return url
    begin = _WITHOUT_SCHEME.match(url)
    return "".join(map(_hidden, _SPACE.split(url[begin.end() if begin else 0 :])))


def _hidden(word: str) -> str:
    """A word without credentials. Looked at up to its last ``@`` only, else each ``://`` costs a look to its end."""
    end = word.rfind("@") + 1
    return _CREDENTIALS.sub("", word[:end]) + word[end:]


def _repr_url(url: str | None) -> str:
    return repr(hide_credentials(url) if url else url)


class ReferenceKind(enum.StrEnum):
    """Where a reference leads."""

    GITHUB = "github"
    """``owner/repo@ref``: a repository on GitHub."""
    GIT = "git"
    """An object with ``git``: a repository on any git service."""
    LOCAL = "local"
    """``local/name@tag``: a folder of this machine's local actions."""
    PATH = "path"
    """``./path``: a folder beside the pipeline file."""
    DOCKER = "docker"
    """``docker://image:tag``: a container image."""


@frozen
class ActionObject:
    """An action named by an object: ``{name, tag, git, file}`` (DataTorch documentation, "Using actions").

    ``git`` is the repository's URL; without it the repository ``name`` on GitHub is meant. ``file`` is the action
    file's path in the repository, for one that doesn't follow the usual name. The URL's user and password appear in no
    ``repr``.
    """

    name: str
    tag: str
    git: str | None = field(default=None, repr=_repr_url)
    file: str | None = None


@frozen
class ActionReference:
    """What a step's ``action`` means.

    ``name`` is ``owner/repo``, the local action's name, the path or the image; ``ref`` the tag, branch or commit,
    ``None`` where none is written (then the default branch is meant); ``git`` the URL of a `ReferenceKind.GIT`
    reference; ``file`` the action file's path in the repository where it is given.

    >>> ActionReference.parse("datatorch/add@v1").ref
    'v1'
    """

    kind: ReferenceKind
    name: str
    ref: str | None = None
    git: str | None = field(default=None, repr=_repr_url)
    file: str | None = None

    @classmethod
    def parse(cls, action: str | ActionObject | Mapping[str, object]) -> ActionReference:
        """The reference that a step's ``action`` value stands for.

        Raises `ModelError` for a value of the wrong form; its message names what is wrong.
        """
        if isinstance(action, str):
            return _parse_text(action)
        if isinstance(action, Mapping):
            action = action_object(action)
        return _parse_object(action)

    @property
    def follows_default_branch(self) -> bool:
        """Whether the repository's default branch is meant."""
        return self.kind in (ReferenceKind.GITHUB, ReferenceKind.GIT) and self.ref in (None, DEFAULT_REF, _HEAD)

    def __str__(self) -> str:
        if self.kind is ReferenceKind.DOCKER:
            return f"docker://{self.name}"
        name = f"local/{self.name}" if self.kind is ReferenceKind.LOCAL else self.name
        return f"{name}@{self.ref}" if self.ref else name


def action_object(value: Mapping[str, object]) -> ActionObject:
    """An `ActionObject` out of plain data. Raises `ModelError` for missing, unknown or wrongly typed keys."""
    unknown = sorted(set(map(str, value)) - {"name", "tag", "git", "file"})
    if unknown:
        raise ModelError(f"unknown key {unknown[0]!r} in an action object", hint="it takes name, tag, git and file")
    for key in ("name", "tag"):
        if key not in value:
            raise ModelError(f"an action object needs {key!r}", hint="both name and tag are required")
    for key, item in value.items():
        if not isinstance(item, str) and not (item is None and key in ("git", "file")):
            hint = f'write {key}: "{item}"' if isinstance(item, bool | int | float) else None
            raise ModelError(f"{key!r} of an action object must be a string", hint=hint)
    return ActionObject(**value)  # type: ignore[arg-type]  # each value was seen to be a string just above


def check_ref(ref: str) -> str:
    """The ref, if git allows such a name for a tag, a branch or a commit; else raises `ModelError`."""
    if len(ref) > _MAX_REF:
        raise ModelError(f"{_shown(ref)} is no tag, branch or commit", hint=f"it has at most {_MAX_REF} characters")
    if not ref or _REF_FORBIDDEN.search(ref) or _UNSAFE.search(ref):
        raise ModelError(f"{_shown(ref)} is no tag, branch or commit", hint="write owner/repo@tag")
    return ref


def _parse_text(text: str) -> ActionReference:
    if not text:
        raise ModelError("the action is empty", hint="write owner/repo@tag")
    if text.startswith("docker://"):
        image = text.removeprefix("docker://")
        if not re.fullmatch(r"[a-z0-9][A-Za-z0-9._/:@-]{0,255}", image):
            raise ModelError(
                f"{_shown(image)} is no container image", hint="write docker://image:tag, the image in lower case"
            )
        return ActionReference(ReferenceKind.DOCKER, image)
    if text.startswith(("./", "../")) or text == ".":
        if _UNSAFE.search(text) or "\\" in text:
            raise ModelError(f"{_shown(text)} is no path to an action", hint="write ./folder")
        return ActionReference(ReferenceKind.PATH, text)
    instead = _instead(text)
    if instead is not None:
        raise ModelError(f"{_shown(text)} is no action", hint=instead)
    name, at, ref = text.partition("@")
    if at and not ref:
        raise ModelError(f"the tag after the '@' of {_shown(text)} is missing", hint="write owner/repo@tag")
    ref_or_none = check_ref(ref) if at else None
    owner, slash, rest = name.partition("/")
    if not slash:
        offered = f"{name}@{ref}" if at else name
        hint = f"write owner/{offered}" if _NAME_PART.fullmatch(name) else "write owner/repo@tag"
        raise ModelError(f"the action {_shown(text)} has no owner", hint=hint)
    if owner == "local":
        _check_parts(text, rest.split("/"))
        return ActionReference(ReferenceKind.LOCAL, rest, ref_or_none)
    _check_parts(text, [owner, *rest.split("/", 1)])
    return ActionReference(ReferenceKind.GITHUB, name, ref_or_none)


def _instead(text: str) -> str | None:
    """What to write for a text that names an action as other tools do; ``None`` for any other text."""
    found = _GITHUB_URL.fullmatch(text) or _OTHERWISE_JOINED.fullmatch(text)
    if found is not None:
        right = f"{found['name']}@{found['ref'] or 'tag'}"
        return None if right == text else f"write {right}"
    if "://" in text or text.startswith("git@"):
        return "name a repository elsewhere by name, tag and git: its URL"
    if _OTHER_PATH.match(text):
        return "write ./folder, a path that starts at the pipeline file's folder"
    return None


def _parse_object(action: ActionObject) -> ActionReference:
    check_ref(action.tag)
    _check_file(action.file)
    if action.git is None:
        reference = _parse_text(action.name)
        if reference.kind not in (ReferenceKind.GITHUB, ReferenceKind.LOCAL) or reference.ref is not None:
            raise ModelError(f"{_shown(action.name)} is no owner/repo", hint="give the repository's URL as git")
        return ActionReference(reference.kind, reference.name, action.tag, None, action.file)
    if not action.git or " " in action.git or _UNSAFE.search(action.git):
        raise ModelError("git of an action object is no URL", hint="write https://host/path.git")
    _check_parts(action.name, action.name.split("/"))
    return ActionReference(ReferenceKind.GIT, action.name, action.tag, action.git, action.file)


def _check_file(file: str | None) -> None:
    if file is None:
        return
    if not file or set(file.split("/")) & {"", ".", ".."} or "\\" in file or _UNSAFE.search(file):
        raise ModelError(f"{_shown(file)} is no path inside a repository", hint="write a relative path")


def _check_parts(text: str, parts: Sequence[str]) -> None:
    for part in parts:
        if not _NAME_PART.fullmatch(part) or part in (".", ".."):
            raise ModelError(f"{_shown(text)} is no action", hint=_name_hint(part))


def _name_hint(part: str) -> str:
    """What to do about a part of a name that is none."""
    if _NAME_PART.fullmatch(part[:_MAX_NAME_PART]) and len(part) > _MAX_NAME_PART:
        return f"a name has at most {_MAX_NAME_PART} characters"
    # A letter of another alphabet may look the same.
    other = next((character for character in part if not character.isascii() and character.isalnum()), None)
    if other is None:
        return _FORMS
    return f"its {other!r} is {unicodedata.name(other, 'of another alphabet')}: names take A-Z, a-z, 0-9, '.', '_', '-'"


def _shown(text: str) -> str:
    """A text for a message: quoted, on one line, not too long, without a URL's user and password."""
    text = hide_credentials(text)
    return repr(text if len(text) <= 80 else text[:77] + "...")
