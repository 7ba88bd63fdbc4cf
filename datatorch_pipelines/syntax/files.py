"""Text files: read whole, decoded, and refused with a place when that can't be done."""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.syntax.names import shown

EXTENSIONS = (".yaml", ".yml", ".json")
"""What the names of pipeline and action files end in."""

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF8: "utf-8"}
"""The byte order marks, each with the encoding of what follows it."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def read_text_file(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> str:
    """The text of a pipeline or action file: UTF-8, or UTF-16 with a byte order mark (which is dropped).

    Line ends stay as they are. Raises `PipelineSyntaxError` with one located diagnostic for a file that is missing, a
    directory, unreadable, larger than ``limits.max_file_bytes``, in another encoding, or of another kind by its name.
    """
    return decode_text(read_file_bytes(path, limits), os.fspath(path))


def read_file_bytes(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a pipeline or action file. Raises `PipelineSyntaxError` as `read_text_file` does."""
    name = os.fspath(path)
    if not name.lower().endswith(EXTENSIONS) and Path(name).is_file():
        raise _refused(name, Code.BAD_EXTENSION, "the file's name does not end in .yaml, .yml or .json", "rename it")
    return _content(Path(name), name, limits)


def decode_text(data: bytes, filename: str) -> str:
    """Bytes of a file as text. Raises `PipelineSyntaxError` at the first byte that is not of the file's encoding.

    >>> decode_text(b"name: caf\\xc3\\xa9", "p.yaml")
    'name: café'
    """
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


def _content(path: Path, name: str, limits: Limits) -> bytes:
    try:
        # Without O_NONBLOCK, a named pipe would hold us until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(name, Code.UNREADABLE, "this is no regular file", "name a file")
            data = file.read(limits.max_file_bytes + 1)
    except FileNotFoundError as error:
        raise _refused(name, Code.UNREADABLE, "no such file", "check the path") from error
    except IsADirectoryError as error:
        raise _refused(name, Code.UNREADABLE, "this is a directory", "name a file in it") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _refused(name, Code.UNREADABLE, f"the file can't be read: {reason}", "check its permissions") from error
    if len(data) > limits.max_file_bytes:
        message = f"the file is larger than {limits.max_file_bytes} bytes"
        raise _refused(name, Code.OVER_LIMIT, message, "split it, or raise Limits.max_file_bytes")
    return data


def _refused(name: str, code: Code, message: str, hint: str) -> PipelineSyntaxError:
    place = Location(shown(name)[1:-1] if not name.isprintable() else name, 1, 1, 1, 1)
    return PipelineSyntaxError([Diagnostic.at(place, code, Severity.ERROR, message, hint=hint)])
