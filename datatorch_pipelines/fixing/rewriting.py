"""A file's new text beside its old one: shown as a patch, or written in its place."""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
from pathlib import Path

from attrs import field, frozen

from datatorch_pipelines._files import atomic_writer
from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.fixing.patches import hides_something, unified_diff
from datatorch_pipelines.syntax.files import encode_like


@frozen(kw_only=True)
class Rewritten:
    """A text as it was and as it is to be.

    ``file`` is the name that it was read under. ``original`` has the bytes of the file that it was read from, ``None``
    for a text that is in no file.
    """

    file: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    original: bytes | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        """Whether anything is to change."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff, empty where there is none; users and passwords of URLs are stars in it."""
        # A mark that is kept out of the text is part of the file's first line.
        mark = "\ufeff" if self.original is not None and self.original.startswith(codecs.BOM_UTF8) else ""
        return unified_diff(mark + self.before, mark + self.after, self.file)

    @property
    def diff_hides_something(self) -> bool:
        """Whether `diff` has stars or codes in the place of characters, so that it can be read, but not applied."""
        return hides_something(self.before, self.after)

    @property
    def is_utf8(self) -> bool:
        """Whether the text is in UTF-8, as a patch is: to a file of another encoding it can't be applied."""
        return self.original is None or not self.original.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))

    def write(self) -> bool:
        """Puts the new text into the file, all at once, and says whether there was anything to write.

        Encoding, mode and owner stay; a link stays one, and the file that it leads to is replaced. Raises
        `PipelinesError` when the file can't be written, or is another one by now: then it is as it was.
        """
        if not self.changed:
            return False
        if self.original is None:
            raise self._refused("a text that was read from no file can't be written", "use its `after`")
        target = Path(os.path.realpath(self.file))
        try:
            known = target.stat()
            if not known.st_mode & 0o222 or not os.access(target, os.W_OK):
                raise self._refused("the file is read-only", "make it writable")
            with atomic_writer(target, mode=0o600) as file:
                file.write(encode_like(self.after, self.original))
                file.flush()
                _keep(file.fileno(), known)
                if target.read_bytes() != self.original:
                    raise self._refused("the file has changed in the meantime", "try again")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise self._refused(f"the file can't be written: {reason}", "it is as it was") from error
        return True

    def _refused(self, message: str, hint: str) -> PipelinesError:
        return PipelinesError(message, location=Location(self.file, 1, 1, 1, 1), hint=hint)


def _keep(descriptor: int, known: os.stat_result) -> None:
    """Gives a new file the owner, as far as the system lets us, and the mode of the old one."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            os.fchown(descriptor, known.st_uid, known.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(known.st_mode))
