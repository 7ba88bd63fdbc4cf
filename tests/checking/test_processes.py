"""Checking in several processes: the same is said as by one, whatever becomes of the others."""

from __future__ import annotations

import importlib
import os
import select
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import make_repository

import datatorch_pipelines as dtp
from datatorch_pipelines.checking import CheckArguments, check_options, processes
from datatorch_pipelines.checking.definitions import ActionFinder
from datatorch_pipelines.checking.one import FileReport, check_file
from datatorch_pipelines.checking.processes import Item, Work, Worker, how_many, serve, shared
from datatorch_pipelines.checking.worker import WORKER_VARIABLE
from datatorch_pipelines.checks import Check, PipelineSubject
from datatorch_pipelines.errors import PipelinesError

WARNED = "name: {name}\njobs: {{a: {{steps: [{{action: acme/add}}]}}}}\n"

OF_OTHERS = f"""\
import os, signal, sys
from pathlib import Path
from datatorch_pipelines import Severity
from datatorch_pipelines.checks import Check, Finding
from datatorch_pipelines.diagnostics import Related

print("imported")
IN_WORKER = "{WORKER_VARIABLE}" in os.environ

if IN_WORKER:
    from datatorch_pipelines.checking import one

    def check_pipeline(pipeline, *, really=one.check_pipeline, **arguments):
        if pipeline.name == "Defect":
            raise KeyError("x")
        return really(pipeline, **arguments)

    one.check_pipeline = check_pipeline


def look(subject):
    name, place = subject.pipeline.name, subject.source.value(("name",))
    print("looking at", name, sys.stdin.read() if IN_WORKER else "")
    if name.startswith("Loud"):
        yield Finding(place, "it is loud")
    if name.startswith("Unsendable"):
        yield Finding(place, "it holds something", related=[Related(Unsendable(), place)])
    if name.startswith("Deadly") and IN_WORKER:
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("Unlucky") and IN_WORKER and not Path("was-unlucky").exists():
        Path("was-unlucky").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("Closing") and IN_WORKER:
        os.closerange(3, 100)
        os._exit(5)
    if name.startswith("Leaving") and IN_WORKER:
        sys.exit(7)


class Unsendable(str):
    def __reduce__(self):
        raise TypeError("never")


CHECK = Check(code="ACME1", severity=Severity.WARNING, summary="Loud.", pipeline=look)
"""


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module with a check, which ends the workers that see some pipelines; the current folder is the test's."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "acme_checks.py").write_text(OF_OTHERS)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("acme_checks")
    del sys.modules["acme_checks"]


def written(folder: Path, *names: str) -> list[str]:
    """The names of pipeline files that are called as given."""
    for name in names:
        (folder / f"{name}.yaml").write_text(WARNED.format(name=name))
    return [f"{name}.yaml" for name in names]


def by_workers(
    names: list[str], *, one_after_another: int = 1, **arguments: object
) -> tuple[list[FileReport | None], list[str]]:
    """What workers alone make of files, and the names of those that were lost with one at first."""
    task = shared(finder_for(**arguments))
    assert task is not None
    work = Work(names, 2)
    for _ in range(one_after_another):
        worker = Worker(task)
        try:
            serve(worker, work)
        finally:
            worker.kill()
            worker.close()
        with pytest.raises(ProcessLookupError):
            os.kill(worker.pid, 0)
    assert work.take() == []
    processes.check_again(work, task)
    return work.reports, [item.name for item in work.lost]


def finder_for(**arguments: object) -> ActionFinder:
    return ActionFinder(check_options(CheckArguments(**arguments)))  # type: ignore[typeddict-item]


def here(names: list[str], **arguments: object) -> list[FileReport | None]:
    """What this process makes of files."""
    finder = finder_for(**arguments)
    return [check_file(name, finder.options, finder) for name in names]


def lines(reports: list[FileReport | None]) -> list[str]:
    return [str(item) for report in reports if report is not None for item in report.diagnostics]


@pytest.fixture
def workers_first(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has this process wait with its first file until a worker has no more to do; gives the files it checked itself."""
    done, checked = threading.Event(), []
    really_serve, really_check = processes.serve, check_file

    def serve_and_tell(worker: Worker, work: Work) -> None:
        really_serve(worker, work)
        done.set()

    def check_later(name: str, *arguments: object) -> FileReport:
        assert done.wait(60), "no worker took part"
        checked.append(name)
        return really_check(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(processes, "serve", serve_and_tell)
    monkeypatch.setattr(processes, "check_file", check_later)
    return checked


def project(folder: Path) -> list[str]:
    """Files with everything that one can say of files of a project."""
    (folder / "broken").mkdir()
    (folder / "broken" / "action-datatorch.yaml").write_text("name: B\nruns: {using: pyhton, main: b.py}\n")
    (folder / "add").mkdir()
    (folder / "add" / "action-datatorch.yaml").write_text(
        "name: Add\ninputs: {a: {type: integer, required: true}}\nruns: {using: python, main: add.py}\n"
    )
    (folder / "add" / "add.py").write_text("")
    kinds = [
        WARNED,
        WARNED.replace("acme/add", "./add"),
        WARNED.replace("acme/add", "./broken"),
        "name: {name}\njobs: {{a: {{stesp: [{{run: echo}}]}}}}\n",
        "name: {name}\njobs: {{a: {{steps: [{{run: 'echo ${{{{ evnt.x }}}}'}}]}}}}\n",
        "# datatorch: ignore-file[DT401] why\n" + WARNED,
        WARNED.replace("}}]", "}}]").rstrip("\n") + "  # datatorch: ignore[DT401] why\n",
        "name: Shared\njobs: {{a: {{steps: [{{run: echo}}]}}}}\n",
        "name: {name}\njobs: [\n  {{",
        "",
        "name: Loud {name}\njobs: {{a: {{steps: [{{run: echo}}]}}}}\n",
    ]
    names = []
    for number in range(330):
        path = folder / f"p{number:03}.yaml"
        path.write_text(kinds[number % len(kinds)].format(name=f"P{number}"))
        names.append(path.name)
    (folder / "p007.yaml").chmod(0)
    (folder / "p018.yaml").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0")
    (folder / "p029.yaml").unlink()
    return [*names, "add/action-datatorch.yaml", "missing.yaml", "add", "p000.yaml", "./p001.yaml"]


@pytest.mark.parametrize("count", [2, 3])
def test_what_is_said_does_not_depend_on_the_number_of_processes(
    others: ModuleType, tmp_path: Path, workers_first: list[str], count: int
) -> None:
    names = project(tmp_path)
    settings = dtp.Settings(ignore=["DT218"], severity={"DT210": "error"}, per_file_ignores={"p01*": ["DT401"]})
    alone = dtp.check_files(names, processes=1, settings=settings, extra_checks=[others.CHECK])
    codes = {item.code for item in alone}
    assert codes >= {"DT101", "DT102", "DT103", "DT108", "DT202", "DT210", "DT302", "DT401", "DT403", "DT408", "ACME1"}
    assert dtp.check_files(names, processes=count, settings=settings, extra_checks=[others.CHECK]) == alone
    assert 0 < len(workers_first) < 100


def test_everything_is_lent_only(others: ModuleType, tmp_path: Path, workers_first: list[str]) -> None:
    names = written(tmp_path, *(f"P{number}" for number in range(40)), "Deadly")
    dtp.check_files(names, processes=3, extra_checks=[others.CHECK])  # loads what stays
    before = sorted(Path("/proc/self/fd").iterdir())
    threads = threading.active_count()
    dtp.check_files(names, processes=3, extra_checks=[others.CHECK])
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    assert threading.active_count() == threads


def test_a_file_that_ends_its_process_twice_is_told_of_and_the_others_are_checked(
    others: ModuleType, tmp_path: Path
) -> None:
    names = written(tmp_path, "A", "Loud", "Deadly-1", "B", "D", "Deadly-2", "C")
    reports, lost = by_workers(names, one_after_another=3, extra_checks=[others.CHECK])
    assert lost == ["Deadly-1.yaml", "B.yaml", "Deadly-2.yaml", "C.yaml"]
    why = "internal error: the process that checks this file ended, twice, with SIGKILL"
    hint = "see whether the machine is short of memory; if it is not, please report it with the file"
    for name, report, alone in zip(names, reports, here(names, extra_checks=[others.CHECK]), strict=True):
        if name.startswith("Deadly"):
            assert report is not None
            assert [str(item) for item in report.diagnostics] == [f"{name}:1:1: error: {why} [DT199]; {hint}"]
        else:
            assert report == alone


def test_a_worker_that_dies_is_no_end_of_a_call(others: ModuleType, tmp_path: Path, workers_first: list[str]) -> None:
    names = written(tmp_path, *(f"P{number}" for number in range(20)), "Deadly", "Z")
    found = dtp.check_files(names, processes=2, extra_checks=[others.CHECK])
    assert {item.file: item.code for item in found} == {**dict.fromkeys(names, "DT401"), "Deadly.yaml": "DT199"}
    assert len(workers_first) < len(names) - 1


def test_a_worker_that_dies_by_no_fault_of_a_file_is_made_up_for(others: ModuleType, tmp_path: Path) -> None:
    names = written(tmp_path, "Unlucky", "Loud")
    reports, lost = by_workers(names, extra_checks=[others.CHECK])
    assert lost == names
    assert reports == here(names, extra_checks=[others.CHECK])
    assert (tmp_path / "was-unlucky").exists()


def test_a_check_that_leaves_the_process_is_told_of(others: ModuleType, tmp_path: Path) -> None:
    for name, status in (("Leaving", 1), ("Closing", 5)):
        [report], _ = by_workers(written(tmp_path, name), extra_checks=[others.CHECK])
        assert report is not None
        assert report.diagnostics[0].message.endswith(f"ended, twice, with exit status {status}")


def test_what_can_not_be_sent_is_checked_here(others: ModuleType, tmp_path: Path, workers_first: list[str]) -> None:
    names = written(tmp_path, *(f"P{number}" for number in range(20)), "Unsendable", "Loud")
    reports, lost = by_workers(names[-2:], extra_checks=[others.CHECK])
    assert (reports[0], lost) == (None, [])
    assert reports[1:] == here(names[-1:], extra_checks=[others.CHECK])
    alone = dtp.check_files(names, processes=1, extra_checks=[others.CHECK])
    assert dtp.check_files(names, processes=2, extra_checks=[others.CHECK]) == alone
    assert "ACME1" in {item.code for item in alone}


def test_a_defect_in_a_worker_is_an_error_of_its_file(others: ModuleType, tmp_path: Path) -> None:
    names = written(tmp_path, "Defect", "Loud")
    (broken, loud), lost = by_workers(names, extra_checks=[others.CHECK])
    assert lost == []
    assert broken is not None
    assert [item.message for item in broken.diagnostics] == ["internal error: KeyError: 'x'"]
    assert broken.defect is not None
    assert broken.defect.startswith("Traceback (most recent call last):\n")
    assert [loud] == here(names[1:], extra_checks=[others.CHECK])


def test_a_worker_knows_what_was_fetched_and_asks_no_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    definition = "name: Add\ninputs: {a: {required: true}}\nruns: {using: python, main: add.py}\n"
    repository = tmp_path / "add.git"
    make_repository(repository, {"action-datatorch.yaml": definition, "add.py": ""}, tags=["v1"])
    step = "{{name: acme/{0}, tag: v1, git: 'file://{1}/{0}.git'}}"
    names = written(tmp_path, "Add", "None")
    for name, action in zip(names, ("add", "none"), strict=True):
        path = tmp_path / name
        path.write_text(path.read_text().replace("acme/add", step.format(action, tmp_path)))
    alone = dtp.check_files(names, fetch=True, processes=1)
    assert [item.code for item in alone] == ["DT403", "DT402"]
    finder = finder_for(fetch=True)
    from datatorch_pipelines.checking.files import _fetch_all

    _fetch_all({name: name for name in names}, finder.options, finder)
    repository.rename(tmp_path / "elsewhere.git")
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path / "another-home"))
    task = shared(finder)
    assert task is not None
    worker = Worker(task)
    try:
        worker.begin()
        worker.ask([Item(0, names[0]), Item(1, names[1])])
        assert lines(worker.answer()) == [str(item) for item in alone]
    finally:
        worker.kill()
        worker.close()


def test_what_others_can_not_know_is_checked_by_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(subject: PipelineSubject) -> list[dtp.Diagnostic]:
        return []

    def check(function: Callable[..., object]) -> Check:
        return Check(code="ACME1", severity=dtp.Severity.WARNING, summary="S.", pipeline=function)  # type: ignore[arg-type]

    assert shared(finder_for()) is not None
    assert shared(finder_for(extra_checks=[check(look)])) is None
    assert shared(finder_for(resolvers=[dtp.LocalResolver()])) is None
    monkeypatch.setattr(sys.modules["__main__"], "look", len, raising=False)
    monkeypatch.setattr(look, "__module__", "__main__")
    monkeypatch.setattr(look, "__qualname__", "look")
    monkeypatch.setattr(sys.modules["__main__"], "look", look)
    assert shared(finder_for(extra_checks=[check(look)])) is None
    with monkeypatch.context() as patched:
        patched.setattr(sys, "frozen", True, raising=False)
        assert shared(finder_for()) is None
    for program in ("/usr/bin/blender", "", None):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", program)
            assert shared(finder_for()) is None


@pytest.mark.parametrize("program", [None, "#!/bin/sh\nexit 3\n", "#!/bin/sh\nprintf 'no frame at all'\n"])
def test_where_no_worker_can_begin_this_process_does_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    python = tmp_path / "python3"
    if program is not None:
        python.write_text(program)
        python.chmod(stat.S_IRWXU)
    monkeypatch.chdir(tmp_path)
    names = written(tmp_path, "A", "B", "C")
    alone = dtp.check_files(names, processes=1)
    monkeypatch.setattr(sys, "executable", str(python))
    assert dtp.check_files(names, processes=3) == alone
    assert len(alone) == 3


@pytest.mark.parametrize(
    ("files", "wanted", "expected"),
    [(1, None, 1), (256, None, 1), (257, None, 2), (600, None, 4), (9_000, None, 5), (2, 7, 2), (2, 1, 1), (0, 3, 1)],
)
def test_there_are_as_many_processes_as_files_are_worth(
    monkeypatch: pytest.MonkeyPatch, files: int, wanted: int | None, expected: int
) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 5)
    assert how_many([f"{number}.yaml" for number in range(files)], wanted) == expected
    monkeypatch.setenv(WORKER_VARIABLE, "1")
    assert how_many([f"{number}.yaml" for number in range(files)], wanted) == 1


def test_a_few_large_files_are_worth_more_processes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 5)
    names = [str(tmp_path / f"{number}.yaml") for number in range(3)]
    for name in names:
        with Path(name).open("wb") as file:
            file.truncate(3 * 1024 * 1024)
    assert how_many(names, None) == 3
    assert how_many([*names[:2], "missing.yaml", "\0"], None) == 3
    assert how_many(names[:1], None) == 1


def test_a_number_below_one_is_refused() -> None:
    with pytest.raises(PipelinesError) as caught:
        dtp.check_files(["a.yaml"], processes=0)
    assert str(caught.value) == "processes is 0; give a whole number from 1 on"


WAITING = """\
import os, signal
from datatorch_pipelines import Severity
from datatorch_pipelines.checks import Check

def look(subject):
    os.write(os.open("alive", os.O_WRONLY), b"x")  # and holds it open
    while True:
        signal.pause()

CHECK = Check(code="ACME1", severity=Severity.WARNING, summary="Waits.", pipeline=look)
"""
CALL = """\
import datatorch_pipelines as dtp, waiting
dtp.check_files([f"P{number}.yaml" for number in range(40)], processes=3, extra_checks=[waiting.CHECK])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "call.py").write_text(CALL)
    written(tmp_path, *(f"P{each}" for each in range(40)))
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    call = [sys.executable, "-W", "error", "call.py"]
    try:
        with subprocess.Popen(call, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
            waiting = b""
            while len(waiting) < 3:  # this process and both workers are busy
                assert select.select([alive], [], [], 60)[0]
                waiting += os.read(alive, 3)
            os.killpg(process.pid, number)
            _, said = process.communicate(timeout=60)
        # Nobody holds the other end any more.
        assert select.select([alive], [], [], 60)[0]
        assert os.read(alive, 1) == b""
    finally:
        os.close(alive)
    assert process.returncode == -number
    assert said.rstrip().endswith(b"KeyboardInterrupt") == (number == signal.SIGINT)
    assert said.count(b"Traceback") == (number == signal.SIGINT)
