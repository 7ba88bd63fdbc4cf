"""What tests say in JUnit's XML, as pytest and most other test runners write it: counted case by case.

The file comes from a step and is not trusted: it is read as a stream, a document type (and with it every entity) is
refused, and depth, tags and texts are bounded. Counts in attributes are not believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO
from xml.parsers import expat

from attrs import define, field, frozen

from datatorch_pipelines._masking import Masker, MaskingStream
from datatorch_pipelines.results import FailedTest, SuiteResult

_ROOTS = frozenset({"testsuites", "testsuite"})
_FAILED = frozenset({"failure", "error"})
_NOT_RUN = frozenset({"notrun", "skipped", "disabled", "ignored"})
"""What GoogleTest, CTest and others say in a case's ``status`` of what they didn't run."""

_DEEPEST = 64
_LONGEST_NAME = 500
_LONGEST_TEXT = 4_000
_MOST_FAILURES = 1_000
_MOST_MESSAGES = 10
_LARGEST = 64 << 20
_LONGEST_TAG = 1 << 20
_CHUNK = 1 << 16


class NoReport(ValueError):
    """A file is no JUnit report that can be read; the text says why, in a few words."""


class _AnotherKind(NoReport):
    """An XML file that is something else."""


class _Text:
    """A text that comes in pieces, masked, of which so much is kept as may be."""

    def __init__(self, masker: Masker, most: int) -> None:
        self._stream: MaskingStream | None = masker.stream()
        self._most = 4 * most  # bytes
        self._characters = most
        self._kept: list[bytes] = []
        self._length = 0

    def add(self, text: str) -> None:
        if self._stream is not None:
            self._keep(self._stream.feed(text.encode("utf-8", "replace")))
            if self._length >= self._most:
                self._stream = None  # what it holds back may be the beginning of a secret

    def _keep(self, data: bytes) -> None:
        self._kept.append(data[: self._most - self._length])
        self._length += len(self._kept[-1])

    def whole(self) -> str:
        """What was kept: nothing more comes."""
        if self._stream is not None:
            self._keep(self._stream.close())
        return b"".join(self._kept).decode("utf-8", "replace").strip()[: self._characters]


def _masked(text: str, masker: Masker, most: int) -> str:
    kept = _Text(masker, most)
    kept.add(text)
    return kept.whole()


@define
class _Case:
    name: str
    failed: bool = False
    skipped: bool = False
    messages: list[str] = field(factory=list)
    text: _Text | None = None


class _Reader:
    """Counts the cases of one report as the parser goes through it."""

    def __init__(self, masker: Masker) -> None:
        self.passed = self.failed = self.skipped = 0
        self.failures: list[FailedTest] = []
        self._masker = masker
        self._path: list[str] = []
        self._case: _Case | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, file: IO[bytes], check: Callable[[], None]) -> None:
        fed = 0
        try:
            while chunk := file.read(_CHUNK):
                check()
                fed += len(chunk)
                if fed > _LARGEST:
                    raise NoReport(f"it is larger than {_LARGEST} bytes")
                self._parser.Parse(chunk, False)
                if fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    raise NoReport(f"a tag in it is longer than {_LONGEST_TAG} bytes")
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            raise NoReport(f"line {error.lineno}, column {error.offset + 1}: {said}") from error
        except NoReport:
            raise
        except (LookupError, ValueError) as error:  # of Python's codecs, which read what expat doesn't know
            raise NoReport("its encoding can't be read") from error

    def _refuse(self, name: str, *_declaration: object) -> None:
        if name.rpartition(":")[2] not in _ROOTS:
            raise _AnotherKind("it is no test report")
        raise NoReport("it has a document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name not in _ROOTS:
            raise _AnotherKind("it is no test report")
        if len(self._path) >= _DEEPEST:
            raise NoReport("it nests too deep")
        self._path.append(name)
        case = self._case
        if name == "testcase":
            owner, own = attributes.get("classname", ""), attributes.get("name", "")
            title = f"{owner}.{own}" if owner and own else owner or own
            self._case = _Case(title, skipped=attributes.get("status", "").lower() in _NOT_RUN)
        elif case is not None and name in _FAILED:
            case.failed = True
            if len(case.messages) < _MOST_MESSAGES and (message := attributes.get("message", "")):
                case.messages.append(_masked(message, self._masker, _LONGEST_TEXT))
        elif case is not None and name == "skipped":
            case.skipped = True

    def _text(self, text: str) -> None:
        case = self._case
        if case is None or self._path[-1] not in _FAILED:
            return
        if case.text is None:
            case.text = _Text(self._masker, _LONGEST_TEXT)
        case.text.add(text)

    def _end(self, _tag: str) -> None:
        name, case = self._path.pop(), self._case
        if case is None:
            return
        if name in _FAILED and case.text is not None:
            case.text.add("\n")  # the next one begins on a line of its own
        if name != "testcase":
            return
        self._case = None
        if case.failed:
            self.failed += 1
            if len(self.failures) < _MOST_FAILURES:
                self.failures.append(self._failure(case))
        elif case.skipped:
            self.skipped += 1
        else:
            self.passed += 1

    def _failure(self, case: _Case) -> FailedTest:
        """A case that failed, masked: what it says in short comes first."""
        text = "" if case.text is None else case.text.whole()
        first = text.partition("\n")[0]
        parts = [*(message for message in dict.fromkeys(case.messages) if message not in first), text]
        whole = "\n".join(part for part in parts if part)
        return FailedTest(name=_masked(case.name, self._masker, _LONGEST_NAME), text=whole[:_LONGEST_TEXT])


def _no_check() -> None:
    """Never ends what is under way."""


def read_report(path: Path, masker: Masker, check: Callable[[], None] = _no_check) -> SuiteResult | None:
    """What a JUnit report says, masked; ``None`` for an XML file that is another thing.

    ``check`` is called time and again, and may raise. Raises `NoReport` for a report that is broken or goes beyond the
    bounds.
    """
    reader = _Reader(masker)
    try:
        with path.open("rb") as file:
            reader.read(file, check)
    except _AnotherKind:
        return None
    except OSError as error:
        raise NoReport(f"it can't be read: {error.strerror}") from error
    return SuiteResult(
        passed=reader.passed, failed=reader.failed, skipped=reader.skipped, failures=tuple(reader.failures)
    )


@frozen(kw_only=True)
class ReportFile:
    """A file that may be a report: its ``name`` to the person, and where it is."""

    name: str
    path: Path


def read_reports(
    files: Iterable[ReportFile],
    masker: Masker,
    on_broken: Callable[[str, str], None],
    check: Callable[[], None] = _no_check,
) -> SuiteResult | None:
    """The sum of the reports among some files; ``None`` where there is none.

    ``on_broken`` gets the name of each XML file that can't be read, and why; ``check`` is called time and again, and
    may raise.
    """
    total: SuiteResult | None = None
    for file in files:
        if not file.name.lower().endswith(".xml"):
            continue
        try:
            report = read_report(file.path, masker, check)
        except NoReport as error:
            on_broken(file.name, str(error))
            continue
        if report is not None:
            total = report if total is None else sum_of(total, report)
    return total


def sum_of(first: SuiteResult, second: SuiteResult) -> SuiteResult:
    """Two results as one, with the first failures of them."""
    return SuiteResult(
        passed=first.passed + second.passed,
        failed=first.failed + second.failed,
        skipped=first.skipped + second.skipped,
        failures=(first.failures + second.failures)[:_MOST_FAILURES],
    )
