"""Text files: read whole, decoded, and refused with a place when that can't be done."""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

EXTENSIONS = (".yaml", ".yml", ".json")
"""What the names of pipeline and action files end in."""

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF8: "utf-8"}
"""The byte order marks, each with the encoding of what follows it."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def read_text_file(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> str:
    """The text of a pipeline or action file: UTF-8, or UTF-16 with a byte order mark (which is dropped).

    Line ends stay as they are. Raises `PipelineSyntaxError` with one located diagnostic for a file that is missing, a
    directory, unreadable, larger than ``limits.max_file_bytes``, no text, in another encoding, or of another kind by
    its name.
    """
    return decode_text(read_file_bytes(path, limits), os.fsdecode(path))


def read_file_bytes(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a pipeline or action file. Raises `PipelineSyntaxError` as `read_text_file` does."""
    return read_bytes(os.fsdecode(path), limits.max_file_bytes, extensions=EXTENSIONS)


def decode_text(data: bytes, filename: str) -> str:
    """Bytes of a file as text. Raises `PipelineSyntaxError` at the first byte that is not of the file's encoding.

    >>> decode_text(b"name: caf\\xc3\\xa9", "p.yaml")
    'name: café'
    """
    kind = _binary_kind(data)
    if kind is not None:
        hint = "name a text file, or save this one as UTF-8"
        raise _refused(filename, Code.BAD_ENCODING, f"this is no text but {kind}", hint)
    mark, encoding = next((item for item in _MARKS.items() if data.startswith(item[0])), (b"", "utf-8"))
    data = data[len(mark) :]
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        lines = _LINE_END.split(before)
        line, column = len(lines), len(lines[-1]) + 1
        message = f"the byte 0x{data[error.start]:02x} is not {encoding[:6].rstrip('-').upper()} text"
        place = Location(filename, line, column, line, column + 1)
        hint = "save the file as UTF-8"
        raise PipelineSyntaxError(
            [Diagnostic.at(place, Code.BAD_ENCODING, Severity.ERROR, message, hint=hint)]
        ) from error


def encode_like(text: str, original: bytes) -> bytes:
    """A text as bytes in the encoding of a file's bytes, with the same byte order mark: the inverse of `decode_text`.

    >>> encode_like("name: b", b"\\xef\\xbb\\xbfname: a")
    b'\\xef\\xbb\\xbfname: b'
    """
    for mark, encoding in _MARKS.items():
        if original.startswith(mark):
            return mark + text.encode(encoding)
    return text.encode("utf-8")


_KINDS = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x7fELF", "a program"),
    (b"%PDF-", "a PDF document"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
)
"""What files begin with that are often named by mistake."""
_SAMPLE = 1024
_IN_TEXTS = b"\t\n\x0b\x0c\r\x1b\x08"
_CONTROL = bytes(set(range(0x20)) - set(_IN_TEXTS)) + b"\x7f"


def _binary_kind(data: bytes) -> str | None:
    """What a file is that is no text at all, by how it begins; ``None`` for a text, if only one with mistakes."""
    for beginning, kind in _KINDS:
        if data.startswith(beginning):
            return kind
    sample = data[:_SAMPLE]
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if control * 20 > len(sample) or (control and not _is_utf8(sample)):
        return "binary data"
    return None


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character that is cut off at the end is none wrong
    except UnicodeDecodeError:
        return False
    return True


def read_bytes(name: str, most: int, *, extensions: tuple[str, ...] = ()) -> bytes:
    """The content of a regular file. Raises `PipelineSyntaxError` where there is none, or more than ``most`` bytes.

    With ``extensions``, the name of a file has to end in one of them. What is no regular file is never opened: to open
    a device can do something.
    """
    try:
        status = os.stat(name)  # noqa: PTH116  # a Path makes a file of the empty name
        if stat.S_ISDIR(status.st_mode):
            files = f": {name.rstrip('/')}/*.yaml" if name.isprintable() else ""
            hint = f"name the files in it{files}" if extensions else "name a file"
            raise _refused(name, Code.UNREADABLE, "this is a directory", hint)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(name, Code.UNREADABLE, "this is no regular file", "name a file")
        if extensions and not name.lower().endswith(extensions):
            message = f"the file's name does not end in {', '.join(extensions[:-1])} or {extensions[-1]}"
            raise _refused(name, Code.BAD_EXTENSION, message, "rename it")
        data = b"" if status.st_size > most else _content(name, most)
    except (OSError, ValueError) as error:
        raise _refused(name, Code.UNREADABLE, *_why(name, error)) from error
    if len(data) > most or status.st_size > most:
        hint = "split it, or raise Limits.max_file_bytes" if extensions else "make it smaller"
        raise _refused(name, Code.OVER_LIMIT, f"the file is larger than {most} bytes", hint)
    return data


def _content(name: str, most: int) -> bytes:
    # Should a named pipe have come into the file's place since: without O_NONBLOCK it would hold us.
    flags = getattr(os, "O_NONBLOCK", 0)
    with open(name, "rb", opener=lambda path, given: os.open(path, given | flags)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no regular file any more")
        return file.read(most + 1)


def _why(name: str, error: OSError | ValueError) -> tuple[str, str]:
    """What is wrong with a file that can't be opened, and what to do."""
    if not name:
        return "the name of the file is empty", "name a file"
    if not isinstance(error, OSError):  # NUL, or a character that no name on this system has
        return "no file can have this name", "check the path"
    if isinstance(error, FileNotFoundError):
        if os.path.islink(name):  # noqa: PTH114  # as above
            return "this is a link to a file that does not exist", "mend the link"
        return "no such file", "check the path"
    known = {
        errno.ENOTDIR: ("no such file: a part of its path is no directory", "check the path"),
        errno.ELOOP: ("this is a link that leads to itself", "mend the link"),
        errno.ENAMETOOLONG: ("no such file: the name is longer than any file's", "check the path"),
    }
    reason = error.strerror or str(error)
    return known.get(error.errno or 0, (f"the file can't be read: {reason}", "check its permissions"))


def _refused(name: str, code: Code, message: str, hint: str) -> PipelineSyntaxError:
    place = Location(name, 1, 1, 1, 1)
    return PipelineSyntaxError([Diagnostic.at(place, code, Severity.ERROR, message, hint=hint)])
