"""Files that are edited: comments, order and quoting survive."""

from __future__ import annotations

import io
import os
import re
from typing import Any

from attrs import field, frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Severity, has_errors
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.syntax.files import read_text_file
from datatorch_pipelines.syntax.source import read_source

_INDENTED_LIST = re.compile(
    r"^( *)[^\s#-][^\r\n]*:[ \t]*(?:\r\n|\r|\n)(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*( *)- ", re.MULTILINE
)


@frozen
class Document:
    """A YAML file as its author wrote it, to be changed and written again.

    ``data`` behaves like plain dictionaries and lists; what isn't touched keeps its comments, order and quotes.

    >>> document = Document.loads("name: Add # ours\\njobs: {}\\n")
    >>> document.data["name"] = "Sum"
    >>> print(document.dump(), end="")
    name: Sum # ours
    jobs: {}
    """

    data: Any
    _yaml: YAML = field(repr=False, eq=False)
    _line_end: str = field(repr=False, eq=False, default="\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> Document:
        """Reads a file. Raises `PipelineSyntaxError` for one that can't be read, or is not valid YAML."""
        return cls.loads(read_text_file(path, limits), filename=os.fspath(path), limits=limits)

    @classmethod
    def loads(cls, text: str, filename: str = "<text>", *, limits: Limits = DEFAULT_LIMITS) -> Document:
        """Reads a text. Raises `PipelineSyntaxError` for one that is not valid YAML."""
        _, report, _ = read_source(text, filename, limits)
        diagnostics = report.sorted()
        if has_errors(diagnostics):
            raise PipelineSyntaxError(diagnostics)
        yaml = YAML(typ="rt")
        yaml.preserve_quotes = True
        yaml.width = 1_000_000
        found = _INDENTED_LIST.search(text)
        offset = len(found.group(2)) - len(found.group(1)) if found else 2
        yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
        try:
            data = yaml.load(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
        except (YAMLError, ValueError) as error:
            place = report.locator.span(0, 0)
            message = "the file is valid, but can't be edited with its comments kept"
            raise PipelineSyntaxError(
                [Diagnostic.at(place, Code.INVALID_SYNTAX, Severity.ERROR, message, hint="write it more plainly")]
            ) from error
        return cls(data, yaml, "\r\n" if "\r\n" in text else "\n")

    def dump(self) -> str:
        """The document's text as it is now."""
        stream = io.StringIO()
        self._yaml.dump(self.data, stream)
        text = stream.getvalue()
        return text.replace("\n", self._line_end) if self._line_end != "\n" else text
