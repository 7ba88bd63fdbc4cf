"""What a resolver leaves alone: it is a guest in somebody's process."""

from __future__ import annotations

import locale
import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from datatorch_pipelines.contracts.resolver import Resolver
from datatorch_pipelines.testing.judging import listed, require, shown
from datatorch_pipelines.testing.resolvers.asking import Ask, Fixtures, Written, as_reference, folder_of

T = TypeVar("T")


class Manners(Fixtures):
    """The rules of a good guest."""

    @pytest.fixture(autouse=True)
    def _as_it_was(self) -> Iterator[None]:
        """Undoes after each test what a bad guest changed, so that the next test sees it again."""
        variables, folder, path = dict(os.environ), Path.cwd(), list(sys.path)
        timeout, level, handlers = socket.getdefaulttimeout(), logging.getLogger().level, _handlers()
        yield
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)
        sys.path[:] = path
        socket.setdefaulttimeout(timeout)
        logging.getLogger().setLevel(level)

    def test_nothing_is_printed(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Standard output is the host program's: JSON goes there."""
        capfd.readouterr()
        for written in (known, missing):
            ask(resolver, written)
        printed = capfd.readouterr()
        require(
            not printed.out + printed.err,
            f"it prints {shown(printed.out + printed.err)}: tell a person by context.warn, or a log by `logging`",
        )

    def test_environment_variables_stay_as_they_are(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """Steps get the environment, and other threads read it."""
        before, after = _around(lambda: dict(os.environ), resolver, known, missing, ask)
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        require(not changed, f"it changes {listed(sorted(changed))} of the environment: give that to a child alone")

    def test_the_current_folder_stays_what_it_is(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """Relative paths of the host program must lead where they led."""
        before, after = _around(Path.cwd, resolver, known, missing, ask)
        require(before == after, f"it changes the current folder to {shown(str(after))}: use absolute paths")

    def test_the_current_folder_gets_no_files(
        self, resolver: Resolver, known: Written, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The folder that somebody happens to be in is theirs: actions belong into a store."""
        directory = folder_of(ask.found(resolver, known))
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        ask(resolver, known)
        there = sorted(path.name for path in elsewhere.iterdir())
        require(not there, f"it writes {listed(there)} into the current folder: use a store, or a temporary folder")
        require(not directory.is_relative_to(elsewhere), "the action is in the current folder: put it into a store")

    def test_signal_handlers_stay_as_they_are(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """Ctrl-C is the host program's to handle."""
        before, after = _around(_handlers, resolver, known, missing, ask)
        changed = [signal.Signals(number).name for number in before if before[number] is not after[number]]
        require(not changed, f"it changes the handler of {listed(changed)}: leave signals to the program")

    def test_logging_stays_configured_as_it_is(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """A library logs; where that goes, and what of it, is the host program's business."""
        before, after = _around(_logging, resolver, known, missing, ask)
        require(before == after, "it configures the root logger: log to logging.getLogger(__name__), and nothing more")

    def test_settings_of_the_process_stay_as_they_are(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """What holds for the whole process changes other people's work."""
        before, after = _around(_settings, resolver, known, missing, ask)
        changed = [name for name in before if before[name] != after[name]]
        require(not changed, f"it changes {listed(changed)} for the whole process: pass such things to what needs them")


def _around(look: Callable[[], T], resolver: Resolver, known: Written, missing: Written, ask: Ask) -> tuple[T, T]:
    """What something is before and after the resolver is asked."""
    before = look()
    for written in (known, missing):
        resolver.matches(as_reference(written))
        ask(resolver, written)
    return before, look()


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _logging() -> tuple[object, ...]:
    root = logging.getLogger()
    return (
        root.level,
        tuple(root.handlers),
        tuple(root.filters),
        logging.root.manager.disable,
        logging.getLoggerClass(),
    )


def _settings() -> dict[str, object]:
    mask = os.umask(0o022)
    os.umask(mask)
    return {
        "socket.setdefaulttimeout": socket.getdefaulttimeout(),
        "os.umask": mask,
        "locale.setlocale": locale.setlocale(locale.LC_ALL),
        "sys.setrecursionlimit": sys.getrecursionlimit(),
        "sys.path": tuple(sys.path),
        "sys.excepthook": sys.excepthook,
        "warnings.filters": tuple(warnings.filters),
        "socket.socket": socket.socket,
    }
