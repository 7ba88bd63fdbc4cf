"""What tests say in JUnit's XML, as pytest and most other test runners write it: counted case by case.

The file comes from a step and is not trusted: it is read as a stream, a document type (and with it every entity) is
refused, and depth and texts are bounded. Counts in attributes are not believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO
from xml.parsers import expat

from attrs import define, field

from datatorch_pipelines.results import FailedTest, SuiteResult

_DEEPEST = 64
_LONGEST_TEXT = 4_000
_MOST_FAILURES = 1_000
_CHUNK = 1 << 16


class NoReport(ValueError):
    """A file is no JUnit report that can be read; the text says why, in a few words."""


@define
class _Case:
    name: str
    failed: bool = False
    skipped: bool = False
    texts: list[str] = field(factory=list)
    length: int = 0


class _Reader:
    """Counts the cases of one report as the parser goes through it."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self.failures: list[FailedTest] = []
        self._path: list[str] = []
        self._case: _Case | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, file: IO[bytes]) -> None:
        try:
            while chunk := file.read(_CHUNK):
                self._parser.Parse(chunk, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            raise NoReport(f"line {error.lineno}, column {error.offset + 1}: {said}") from error

    def _refuse(self, *_declaration: object) -> None:
        raise NoReport("it has a document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name not in ("testsuites", "testsuite"):
            raise NoReport("it is no test report")
        if len(self._path) >= _DEEPEST:
            raise NoReport("it nests too deep")
        self._path.append(name)
        if name == "testcase":
            owner, own = attributes.get("classname", ""), attributes.get("name", "")
            self._case = _Case(f"{owner}.{own}" if owner and own else owner or own)
        elif self._case is not None and name in ("failure", "error"):
            self._case.failed = True
            self._add(attributes.get("message", ""))
        elif self._case is not None and name == "skipped":
            self._case.skipped = True

    def _text(self, text: str) -> None:
        if self._case is not None and self._path[-1] in ("failure", "error"):
            self._add(text)

    def _add(self, text: str) -> None:
        case = self._case
        if case is None or not text.strip() or case.length >= _LONGEST_TEXT:
            return
        text = text[: _LONGEST_TEXT - case.length]
        case.length += len(text)
        case.texts.append(text)

    def _end(self, _tag: str) -> None:
        name, case = self._path.pop(), self._case
        if name != "testcase" or case is None:
            return
        self._case = None
        if case.failed:
            self.failed += 1
            if len(self.failures) < _MOST_FAILURES:
                text = "\n".join(part.strip() for part in case.texts)
                self.failures.append(FailedTest(name=case.name, text=text))
        elif case.skipped:
            self.skipped += 1
        else:
            self.passed += 1


def read_report(path: Path) -> SuiteResult | None:
    """What a JUnit report says; ``None`` for an XML file that is none. Raises `NoReport` for one that is broken."""
    reader = _Reader()
    try:
        with path.open("rb") as file:
            reader.read(file)
    except NoReport as error:
        if str(error) == "it is no test report":
            return None
        raise
    except OSError as error:
        raise NoReport(f"it can't be read: {error.strerror}") from error
    return SuiteResult(
        passed=reader.passed, failed=reader.failed, skipped=reader.skipped, failures=tuple(reader.failures)
    )


def read_reports(paths: Iterable[tuple[str, Path]], on_broken: Callable[[str, str], None]) -> SuiteResult | None:
    """The sum of the reports among some files, by name and path; ``None`` where there is none.

    ``on_broken`` gets the name of each file that begins as a report and can't be read, and why.
    """
    found: list[SuiteResult] = []
    for name, path in paths:
        if not name.lower().endswith(".xml"):
            continue
        try:
            report = read_report(path)
        except NoReport as error:
            on_broken(name, str(error))
            continue
        if report is not None:
            found.append(report)
    return sum_of(found)


def sum_of(suites: Iterable[SuiteResult]) -> SuiteResult | None:
    """Several results as one; ``None`` for none at all."""
    known = list(suites)
    if not known:
        return None
    return SuiteResult(
        passed=sum(suite.passed for suite in known),
        failed=sum(suite.failed for suite in known),
        skipped=sum(suite.skipped for suite in known),
        failures=tuple(failure for suite in known for failure in suite.failures),
    )
