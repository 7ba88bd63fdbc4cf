"""The lock file: which commit, with which files, each reference of a pipeline stood for when it was locked.

It lies beside the pipeline's file, as JSON that is the same byte for byte for the same actions, and holds no user and
no password. `lock_reading` reads it, `lock_writing` writes it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model.reference import ActionReference, hide_credentials
from datatorch_pipelines.resolvers.refs import RefKind, is_full_commit

LOCK_VERSION = 1
"""The version of the file's form."""
LOCK_SUFFIX = ".lock"
"""What is put behind the name of a pipeline's file for that of its lock file."""

_TOKEN = re.compile(r"[!-~]{1,200}")
_LONGEST = 2000

Key = tuple[str, str, str]
"""What an action is found by in a lock: the reference's text, its git URL without credentials, its file."""


def without_credentials(url: str) -> str:
    """A URL without user and password, such that nothing is left in it that reads as some.

    >>> without_credentials("https://me:secret@example.org/add.git")
    'https://example.org/add.git'
    """
    while (bare := hide_credentials(url)) != url:
        url = bare
    return url


def _wrong_text(text: str) -> str | None:
    if not text or len(text) > _LONGEST or not text.isprintable():
        return "is empty, too long or holds a control character"
    return None


def _wrong_url(text: str) -> str | None:
    if " " in text:
        return "holds a space"
    if without_credentials(text) != text:
        return "holds a user or a password"
    return _wrong_text(text)


def _wrong_token(text: str) -> str | None:
    return None if _TOKEN.fullmatch(text) else "is empty, too long or holds other characters than visible ASCII"


def _wrong_kind(text: str) -> str | None:
    return None if text in tuple(RefKind) else f"is none of {', '.join(RefKind)}"


WRONG: Mapping[str, Callable[[str], str | None]] = {
    "reference": _wrong_text,
    "git": _wrong_url,
    "file": _wrong_text,
    "kind": _wrong_kind,
    "url": _wrong_url,
    "commit": _wrong_token,
    "digest": _wrong_token,
}
"""The keys of an action, in their order in the file, and what says why a text can't be the value of one."""


def wrong_commit(kind: str | None, commit: str | None) -> str | None:
    """What is wrong with a commit beside its kind: what git has must be a whole commit, as it becomes a reference."""
    whole = commit is not None and is_full_commit(commit) and commit == commit.lower()
    return None if kind is None or whole else "is no full commit id"


@frozen(kw_only=True)
class LockedAction:
    """What a reference stood for when it was locked.

    ``reference`` is the text of the reference (``owner/repo@tag``), ``git`` the URL of an action object without user
    and password, ``file`` the action file that it names. ``kind`` is what its ref was (``tag``, ``branch``, ``default``
    or ``commit``), ``url`` where it was found, ``commit`` the commit, each ``None`` for a folder; ``digest`` is that
    of all its files. Raises `ModelError` for a value that no lock file may hold.
    """

    reference: str
    git: str | None = None
    file: str | None = None
    kind: str | None = None
    url: str | None = None
    commit: str | None = None
    digest: str

    def __attrs_post_init__(self) -> None:
        for name, wrong in WRONG.items():
            value = getattr(self, name)
            reason = None if value is None else wrong(value)
            if reason is not None:
                raise ModelError(f"the {name} of a locked action {reason}")
        reason = wrong_commit(self.kind, self.commit)
        if reason is not None:
            raise ModelError(f"the commit of a locked action {reason}")

    @property
    def key(self) -> Key:
        """What the action is found by."""
        return self.reference, self.git or "", self.file or ""

    @property
    def label(self) -> str:
        """What a person calls it: the reference, and what else tells it from others of one name and tag."""
        label = f"{self.reference} from {self.git}" if self.git else self.reference
        return f"{label}, file {self.file}" if self.file else label

    @property
    def short(self) -> str:
        """The commit, else the digest of the files, in twelve digits."""
        return self.commit[:12] if self.commit else f"files {self.digest[:12]}"


def key_of(reference: ActionReference) -> Key:
    """What a reference is found by in a lock."""
    return str(reference), without_credentials(reference.git) if reference.git else "", reference.file or ""


@frozen
class LockUpdate:
    """A reference that stands for something else than before."""

    before: LockedAction
    after: LockedAction

    def __str__(self) -> str:
        one, other = self.before, self.after
        if (one.short, one.commit is None) != (other.short, other.commit is None):
            return f"updated {other.label} {one.short} -> {other.short}"
        if one.commit != other.commit:
            return f"updated {other.label} {one.commit} -> {other.commit}"
        if one.url != other.url:
            return f"updated {other.label} {one.url or 'a folder'} -> {other.url or 'a folder'}"
        if one.kind != other.kind:
            return f"updated {other.label} {one.kind or 'unknown'} -> {other.kind or 'unknown'}"
        return f"updated {other.label} files {one.digest} -> {other.digest}"


@frozen(kw_only=True)
class LockChanges:
    """How a lock differs from the one before, each sorted as in the file."""

    added: tuple[LockedAction, ...] = ()
    removed: tuple[LockedAction, ...] = ()
    updated: tuple[LockUpdate, ...] = ()
    kept: tuple[LockedAction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.updated)

    def lines(self) -> list[str]:
        """One line for each change, in the order of the file.

        >>> LockChanges(added=(LockedAction(reference="local/add@v1", digest="0123456789abcdef"),)).lines()
        ['added local/add@v1 files 0123456789ab']
        """
        lines = [(action.key, f"added {action.label} {action.short}") for action in self.added]
        lines += [(action.key, f"removed {action.label} {action.short}") for action in self.removed]
        lines += [(update.after.key, str(update)) for update in self.updated]
        return [line for _, line in sorted(lines)]


def compare(before: Iterable[LockedAction], after: Iterable[LockedAction]) -> LockChanges:
    """What changed from some locked actions to others."""
    old, new = ({action.key: action for action in sorted(given, key=_by_key)} for given in (before, after))
    return LockChanges(
        added=tuple(action for key, action in new.items() if key not in old),
        removed=tuple(action for key, action in old.items() if key not in new),
        updated=tuple(LockUpdate(old[key], action) for key, action in new.items() if key in old and old[key] != action),
        kept=tuple(action for key, action in new.items() if old.get(key) == action),
    )


def _by_key(action: LockedAction) -> Key:
    return action.key


def _actions(given: Iterable[LockedAction]) -> tuple[LockedAction, ...]:
    return tuple(sorted(given, key=_by_key))


@frozen(kw_only=True)
class Lock:
    """What the references of a pipeline stand for, sorted.

    ``path`` is the lock file, ``changes`` how it differs from what it held before it was made, ``changed`` whether its
    text does (also where only its form is another one), and ``warnings`` what was doubtful about an action; none of
    these counts in a comparison. Raises `ModelError` for two actions of one reference.
    """

    actions: tuple[LockedAction, ...] = field(default=(), converter=_actions)
    path: Path | None = field(default=None, eq=False)
    changes: LockChanges = field(factory=LockChanges, eq=False, repr=False)
    changed: bool = field(default=False, eq=False, repr=False)
    warnings: tuple[Diagnostic, ...] = field(default=(), eq=False, repr=False)
    _by_reference: Mapping[Key, LockedAction] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        found = {action.key: action for action in self.actions}
        if len(found) != len(self.actions):
            raise ModelError("a lock holds a reference twice")
        object.__setattr__(self, "_by_reference", found)

    def find(self, reference: ActionReference) -> LockedAction | None:
        """What a reference was locked to; ``None`` where it is not in the lock."""
        return self._by_reference.get(key_of(reference))

    def to_json(self) -> str:
        """The text of the lock file.

        >>> print(Lock().to_json(), end="")
        {
          "version": 1,
          "actions": []
        }
        """
        actions = [
            {name: value for name in WRONG if (value := getattr(action, name)) is not None} for action in self.actions
        ]
        return json.dumps({"version": LOCK_VERSION, "actions": actions}, indent=2, ensure_ascii=False) + "\n"


def lock_path(file: str | os.PathLike[str]) -> Path:
    """Where the lock file of a pipeline's file is.

    >>> lock_path("pipelines/add.yaml").as_posix()
    'pipelines/add.yaml.lock'
    """
    return Path(f"{os.fspath(file)}{LOCK_SUFFIX}")


def lock_command(file: str, name: str | None = None, folders: Sequence[str] = ()) -> str:
    """The command line that locks the actions of a pipeline's file, or one of them anew; for a hint.

    ``folders`` are those that it has to be told of to find local actions.

    >>> print(lock_command("my pipeline.yaml", "me/add"))
    'datatorch-pipelines lock --update me/add "my pipeline.yaml"'
    """
    update = f"--update {name} " if name is not None else ""
    local = "".join(f"--local-actions {_word(folder, 'DIR')} " for folder in folders)
    return f"'datatorch-pipelines lock {update}{local}{_word(file, 'FILE')}'"


def _word(path: str, otherwise: str) -> str:
    """A path as a word of a command; what stands for it where it would mean something to a shell."""
    path = f"./{path}" if path.startswith("-") else path
    if shlex.quote(path) == path:
        return path
    return f'"{path}"' if path.isprintable() and not set('"$`!\\') & set(path) else otherwise
