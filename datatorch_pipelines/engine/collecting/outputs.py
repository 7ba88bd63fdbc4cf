"""How a step sets its outputs: lines ``::name::<json>`` on its standard output, or lines of JSON in a file."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable, Mapping

from datatorch_pipelines._json_words import refused_number, wrong_with_json

_NAME = re.compile(rb"::([A-Za-z_][A-Za-z0-9_.-]{0,199})::")
_NAME_BYTES = 210
"""More than the longest beginning ``::name::``: what has no second ``::`` by then is a log line."""

_MAX_NESTING = 200
"""How deep an output's lists and mappings may nest: what masks and records it calls itself for each level."""

_COLON = ord(":")

_NO_OUTPUTS = frozenset({"add-mask", "add_mask"})
"""What looks like an output and is a word to whoever runs the step (see ``masks.py``)."""


class OutputReader:
    """Finds output lines in a stream of bytes; everything else is a log line and costs next to nothing.

    A line sets an output only if it begins with ``::`` (``std::vector::x`` is a log line). What follows the name has to
    be JSON; if it is not, ``on_junk`` gets the name. The last value of a name wins.
    """

    def __init__(self, limit: int, on_junk: Callable[[str, str], None]) -> None:
        self.values: dict[str, object] = {}
        self._limit = limit
        self._on_junk = on_junk
        self._line: bytearray | None = bytearray()  # what may become an output line; None inside a log line

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the stream."""
        position = 0
        while position < len(data):
            if self._line is not None and not self._line and data[position] != _COLON:
                self._line = None
            if self._line is None:
                start = data.find(b"\n:", position)
                if start < 0:
                    if data.endswith(b"\n"):
                        self._line = bytearray()
                    return
                self._line, position = bytearray(), start + 1
            end = data.find(b"\n", position)
            stop = len(data) if end < 0 else end
            self._line += data[position:stop]
            position = stop + 1
            if end >= 0:
                self._finish()
            elif not self._may_be_output():
                self._line = None

    def close(self) -> None:
        """Takes the end of the stream: a last line needs no newline."""
        if self._line:
            self._finish()
        self._line = None

    def _may_be_output(self) -> bool:
        line = self._line
        if line is None or not line.startswith(b"::"[: len(line)]):
            return False
        if len(line) > self._limit:
            self._report_too_long(line)
            return False
        return len(line) < _NAME_BYTES or _NAME.match(line) is not None

    def _report_too_long(self, line: bytearray) -> None:
        if name := _NAME.match(line):
            self._on_junk(name[1].decode("ascii"), f"its line is longer than {self._limit} bytes")

    def _finish(self) -> None:
        line, self._line = self._line, bytearray()
        name = _NAME.match(line) if line else None
        if line is None or name is None:
            return
        if len(line) > self._limit:
            self._report_too_long(line)
            return
        key = name[1].decode("ascii")
        if key in _NO_OUTPUTS:
            return
        try:
            self.values[key] = read_json(bytes(line[name.end() :]))
        except ValueError as error:
            self._on_junk(key, f"its value is no JSON ({error})")


def read_json(data: bytes) -> object:
    """The value of a JSON text.

    Raises ``ValueError`` in a few words, also for NaN, Infinity, numbers that no float holds and too deep nesting.
    """

    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is no JSON value")

    def finite(digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            raise ValueError("a number in it is too large")
        return number

    try:
        value = json.loads(data, parse_constant=refuse, parse_float=finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"{wrong_with_json(error)} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError as error:
        raise ValueError(refused_number(error)) from None
    if data.count(b"[") + data.count(b"{") > _MAX_NESTING and _deeper_than(_MAX_NESTING, value):
        raise ValueError("it is nested too deep")
    return value


def _deeper_than(most: int, value: object) -> bool:
    level = [value]
    for _ in range(most + 1):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return False
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return True


def read_output_file(path: str, limit: int, on_junk: Callable[[str, str], None]) -> Mapping[str, object]:
    """The outputs in ``$DATATORCH_OUTPUT``: each line a JSON object of names and values, or ``::name::<json>``.

    A line that is neither goes to ``on_junk`` with its number as the name. The step may have put anything in the file's
    place: only a regular file is read.
    """
    try:
        # Without O_NONBLOCK, a named pipe in its place would hold us until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return {}
    except OSError as error:
        on_junk("DATATORCH_OUTPUT", f"the file can't be read: {error.strerror}")
        return {}
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            on_junk("DATATORCH_OUTPUT", "it is no regular file")
            return {}
        if found.st_size == 0:
            return {}
        if found.st_size > limit:
            on_junk("DATATORCH_OUTPUT", f"the file is longer than {limit} bytes")
            return {}
        with os.fdopen(descriptor, "rb", closefd=False) as file:  # only now: a folder can't be opened so
            return _output_lines(file.read(limit), on_junk)
    finally:
        os.close(descriptor)


def _output_lines(content: bytes, on_junk: Callable[[str, str], None]) -> Mapping[str, object]:
    values: dict[str, object] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            if name := _NAME.match(line):
                values[name[1].decode("ascii")] = read_json(line[name.end() :])
                continue
            item = read_json(line)
            if not isinstance(item, dict):
                raise ValueError("it is no JSON object")
            values.update(item)
        except ValueError as error:
            on_junk(f"DATATORCH_OUTPUT line {number}", str(error))
    return values
