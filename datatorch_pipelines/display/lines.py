"""The lines of files that messages are about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from datatorch_pipelines.diagnostics import Location

_LINE_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """The lines of texts by the names of their files; each text is split once, when it is first asked for.

    >>> Lines({"p.yaml": "name: a\\njobs: {}"}).text(Location("p.yaml", 2, 1, 2, 5))
    'jobs: {}'
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._split: dict[str, Sequence[str]] = {}

    def of(self, file: str | None) -> Sequence[str]:
        """All lines of a file, without their ends; none where its text is not there."""
        if file is None or file not in self._sources:
            return ()
        if file not in self._split:
            self._split[file] = _LINE_END.split(self._sources[file])
        return self._split[file]

    def text(self, location: Location) -> str | None:
        """The first line of a range; ``None`` where it can't be had."""
        lines = self.of(location.file)
        return lines[location.line - 1] if 0 < location.line <= len(lines) else None
