"""Resolvers that are each wrong in one way, under the kit. Run by `support/kit_outcomes.py`, never collected by itself.

Each class says in ``FAILS`` which tests of the kit name its fault; all others pass or are skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import secrets as random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from attrs import evolve

from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, FetchFailed, ResolveError
from datatorch_pipelines.model import ActionReference
from datatorch_pipelines.resolvers import tree_digest
from datatorch_pipelines.testing import ResolverConformance


class Good(Resolver):
    """Has the action ``me/add`` at every ref. It waits a little, as one does that asks a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def matches(self, reference: ActionReference) -> bool:
        return reference.name.startswith("me/")

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        await asyncio.sleep(0.001)
        if reference.name != "me/add":
            raise ActionNotFound(f"{reference} is not here")
        return ResolvedAction(
            reference=reference, directory=self.folder, digest=tree_digest(self.folder), file=reference.file
        )


class _Kit(ResolverConformance):
    FAILS: ClassVar[set[str]]
    patience = 1.0
    known = pytest.fixture(lambda self: "me/add@v1")
    missing = pytest.fixture(lambda self: "me/gone@v1")
    foreign = pytest.fixture(lambda self: "you/add@v1")

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        folder = tmp_path / "add"
        folder.mkdir()
        (folder / "action-datatorch.yaml").write_text("name: Add\nruns: {using: python, main: add.py}\n")
        (folder / "add.py").write_text("print(1)\n")
        return folder

    @pytest.fixture
    def resolver(self, folder: Path) -> Resolver:
        return self.Broken(folder)

    Broken: Callable[[Path], Resolver] = Good


class _Changes(Good):
    """Gives another result than the right one."""

    def change(self, action: ResolvedAction) -> ResolvedAction:
        return action

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        return self.change(await super().resolve(reference, context))


class _Does(Good):
    """Does something else beside."""

    def do(self, reference: ActionReference, context: ResolveContext) -> None:
        """What it shouldn't."""

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        self.do(reference, context)
        return await super().resolve(reference, context)


class TestGood(_Kit):
    FAILS: ClassVar[set[str]] = set()


class TestNoResolver(_Kit):
    FAILS: ClassVar = {"test_it_is_a_resolver"}

    class Broken:
        def __init__(self, folder: Path) -> None:
            self.matches = Good(folder).matches
            self.resolve = Good(folder).resolve


class TestNotItsOwn(_Kit):
    FAILS: ClassVar = {"test_what_it_has_matches"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            return super().matches(reference) and reference.name != "me/add"


class TestMatchesWhatThereIs(_Kit):
    FAILS: ClassVar = {"test_what_it_misses_matches"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            return reference.name == "me/add"


class TestMatchesEverything(_Kit):
    FAILS: ClassVar = {"test_what_is_foreign_does_not_match"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            return True


class TestMatchesByAccident(_Kit):
    FAILS: ClassVar = {"test_matches_gives_a_bool"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            return re.match("me/", reference.name)


class TestMatchesSometimes(_Kit):
    FAILS: ClassVar = {"test_matches_says_the_same_each_time"}

    class Broken(Good):
        asked = 0

        def matches(self, reference: ActionReference) -> bool:
            self.asked += 1
            return super().matches(reference) and self.asked % 7 != 4


class TestMatchesRaises(_Kit):
    FAILS: ClassVar = {"test_matches_never_raises"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            owner, _ = reference.name.split("/")
            return owner == "me"


class TestMatchesLooksAtTheDisk(_Kit):
    FAILS: ClassVar = {"test_matches_uses_neither_disk_nor_network"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            return super().matches(reference) and self.folder.exists()


class TestMatchesAsksAServer(_Kit):
    FAILS: ClassVar = {"test_matches_uses_neither_disk_nor_network"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            socket.getaddrinfo("127.0.0.1", 80)
            return super().matches(reference)


class TestNone(_Kit):
    FAILS: ClassVar = {"test_what_it_has_is_found"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            await super().resolve(reference, context)


class TestNotAsynchronous(_Kit):
    FAILS: ClassVar = {"test_resolve_is_awaited", "test_a_pipeline_that_names_it_can_be_planned"}

    class Broken(Good):
        def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            if reference.name != "me/add":
                raise ActionNotFound(f"{reference} is not here")
            digest = tree_digest(self.folder)
            return ResolvedAction(reference=reference, directory=self.folder, digest=digest, file=reference.file)


class TestOtherReference(_Kit):
    FAILS: ClassVar = {"test_the_result_names_the_reference_that_was_asked_for"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, reference=evolve(action.reference, ref="v2"))


class TestRelativeDirectory(_Kit):
    FAILS: ClassVar = {"test_the_directory_is_a_folder_with_an_absolute_path"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, directory=Path(action.directory.name))


class TestDirectoryAsText(_Kit):
    FAILS: ClassVar = {"test_the_directory_is_a_folder_with_an_absolute_path"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, directory=str(action.directory))


class TestNoActionFile(_Kit):
    FAILS: ClassVar = {"test_the_action_file_can_be_read", "test_a_pipeline_that_names_it_can_be_planned"}

    class Broken(Good):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            (folder / "action-datatorch.yaml").unlink()


class TestFileIsForgotten(_Kit):
    FAILS: ClassVar = {
        "test_the_file_is_the_one_that_the_reference_names",
        "test_a_folder_without_an_action_file_is_refused",
    }

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, file=None)


class TestFileLeadsOut(_Kit):
    FAILS: ClassVar = {"test_the_action_file_is_in_the_directory"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            file = action.file or f"../{self.folder.name}/action-datatorch.yaml"
            return evolve(action, file=file)


class TestWrongDigest(_Kit):
    FAILS: ClassVar = {"test_the_digest_is_that_of_the_files"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, digest="0" * 64)


class TestShortCommit(_Kit):
    FAILS: ClassVar = {"test_the_commit_is_a_whole_id_or_none"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, commit="0abcdef")


class TestUnknownKind(_Kit):
    FAILS: ClassVar = {"test_the_kind_of_the_ref_is_one_that_there_is"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, kind="release")


class TestTokenInTheUrl(_Kit):
    FAILS: ClassVar = {"test_the_url_holds_no_credentials"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            return evolve(action, url="https://example.org/add?token=word")


class TestFreshFolderEachTime(_Kit):
    FAILS: ClassVar = {"test_asking_twice_gives_the_same"}

    class Broken(_Changes):
        def change(self, action: ResolvedAction) -> ResolvedAction:
            fresh = self.folder.with_name(f"add-{random.token_hex(4)}")
            shutil.copytree(self.folder, fresh)
            return evolve(action, directory=fresh)


class TestChangesFiles(_Kit):
    FAILS: ClassVar = {"test_asking_again_changes_no_file"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            file = self.folder / "add.py"
            beside = self.folder.with_name(f"add.py-{random.token_hex(4)}")
            shutil.copyfile(file, beside)
            beside.replace(file)


class TestOtherDefinition(_Kit):
    FAILS: ClassVar = {"test_only_the_definition_is_the_same_definition"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            action = await super().resolve(reference, context)
            if not context.only_definition:
                return action
            other = self.folder.with_name("other")
            other.mkdir(exist_ok=True)
            (other / "action-datatorch.yaml").write_text("name: Other\nruns: {using: python, main: add.py}\n")
            return evolve(action, directory=other)


class TestKeyErrorForMissing(_Kit):
    FAILS: ClassVar = {"test_what_is_missing_is_not_found"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            {"me/add": 1}[reference.name]
            return await super().resolve(reference, context)


class TestResolveErrorForMissing(_Kit):
    FAILS: ClassVar = {"test_what_is_missing_is_not_found"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except ActionNotFound as error:
                raise ResolveError(error.message) from error


class TestLongError(_Kit):
    FAILS: ClassVar = {"test_not_found_is_told_in_one_line"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except ActionNotFound as error:
                raise ActionNotFound(f"{error.message}:\n404 Not Found") from error


class TestNamelessError(_Kit):
    FAILS: ClassVar = {"test_not_found_names_the_reference"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except ActionNotFound as error:
                raise ActionNotFound("not found") from error


class TestStumblesOverRefs(_Kit):
    FAILS: ClassVar = {"test_strange_references_are_refused_in_one_line"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            str(reference.ref).encode("ascii")
            return await super().resolve(reference, context)


class TestNoNetworkIsNoAction(_Kit):
    FAILS: ClassVar = {"test_a_server_that_cannot_be_reached_is_not_a_missing_action"}

    @pytest.fixture
    def unreachable(self) -> Resolver:
        class Cut(Good):
            async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
                raise ActionNotFound(f"{reference}: no route to host")

        return Cut(Path())


class TestLongWarning(_Kit):
    FAILS: ClassVar = {"test_a_warning_is_one_line"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            context.warn("it is old:\nuse another")


class TestSecretInACause(_Kit):
    FAILS: ClassVar = {"test_no_secret_is_shown"}
    secrets = pytest.fixture(lambda self: ("t0ken-of-mine",))

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except ActionNotFound as error:
                try:
                    raise ValueError("https://me:t0ken-of-mine@example.org")
                except ValueError:
                    raise ActionNotFound(error.message)  # noqa: B904  # that is its fault


class TestNetworkWhenOffline(_Kit):
    FAILS: ClassVar = {"test_offline_uses_no_network"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            thread = threading.Thread(target=socket.getaddrinfo, args=("127.0.0.1", 80))
            thread.start()
            thread.join()


class TestProgramWhenOffline(_Kit):
    FAILS: ClassVar = {"test_offline_uses_no_network"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(subprocess.run, ["/nowhere/curl", "https://example.org"], check=False)
            return await super().resolve(reference, context)


class TestFetchFailedWhenOffline(_Kit):
    FAILS: ClassVar = {"test_offline_there_is_the_action_or_it_is_not_found"}
    serves_offline = False

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            if context.offline:
                raise FetchFailed(f"{reference}: offline")
            return await super().resolve(reference, context)


class TestKeepsNothing(_Kit):
    FAILS: ClassVar = {"test_offline_serves_what_was_fetched_before"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            if context.offline:
                raise ActionNotFound(f"{reference}: offline")
            return await super().resolve(reference, context)


class _Moves(_Kit):
    @pytest.fixture
    def moving(self, folder: Path) -> object:
        return "me/add@main", lambda: (folder / "more").write_text("")


class TestMovesWithinARun(_Moves):
    FAILS: ClassVar = {"test_what_moves_stays_the_same_in_a_run"}


class TestNeverMoves(_Moves):
    FAILS: ClassVar = {"test_what_moved_is_seen_by_the_next_run"}

    class Broken(Good):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder.with_name("copy"))
            shutil.copytree(folder, self.folder)


class TestHalfThere(_Kit):
    FAILS: ClassVar = {"test_the_first_sixteen_at_once_get_the_same"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            there = self.folder.with_name("there")
            if not there.is_dir():
                there.mkdir()
                for file in sorted(self.folder.iterdir()):
                    await asyncio.sleep(0.01)
                    shutil.copyfile(file, there / file.name)
            found = await super().resolve(reference, context)
            return evolve(found, directory=there)


class TestOneAtATime(_Kit):
    FAILS: ClassVar = {"test_sixteen_tasks_at_once_get_the_same"}

    class Broken(Good):
        busy = 0

        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            # Sixteen and no less, and only for those who ask again.
            self.busy += 1
            try:
                if self.busy > 8 and getattr(self, "asked", None):
                    raise ResolveError(f"{reference}: busy")
                return await super().resolve(reference, context)
            finally:
                self.busy -= 1
                self.asked = True


class TestOtherInAnotherProcess(_Kit):
    FAILS: ClassVar = {"test_another_process_finds_the_same"}

    @pytest.fixture
    def program(self, tmp_path: Path) -> str:
        return (
            "from datatorch_pipelines import MappingResolver\n"
            f"resolver = MappingResolver({{'me/add': {str(tmp_path / 'gone')!r}}})"
        )


class TestBlocksTheLoop(_Kit):
    FAILS: ClassVar = {"test_it_does_not_hold_up_the_event_loop"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            time.sleep(0.001)


class TestRunsAProgramInTheLoop(_Kit):
    FAILS: ClassVar = {"test_it_does_not_hold_up_the_event_loop"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            with contextlib.suppress(OSError):
                subprocess.run(["/nowhere/true"], check=False)


class TestSwallowsCancellation(_Kit):
    FAILS: ClassVar = {"test_cancelling_ends_it_as_cancelled"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except asyncio.CancelledError:
                return await super().resolve(reference, context)


class TestMakesAnErrorOfCancellation(_Kit):
    FAILS: ClassVar = {"test_cancelling_ends_it_as_cancelled"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                return await super().resolve(reference, context)
            except asyncio.CancelledError:
                raise FetchFailed(f"{reference}: broke off") from None


class TestLeavesATask(_Kit):
    FAILS: ClassVar = {"test_cancelling_leaves_nothing_that_goes_on"}

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            task = asyncio.create_task(asyncio.sleep(3600))
            found = await super().resolve(reference, context)
            task.cancel()
            return found


class TestLeavesAThread(_Kit):
    FAILS: ClassVar = {"test_cancelling_leaves_nothing_that_goes_on"}
    patience = 0.3

    class Broken(Good):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            done = threading.Event()
            threading.Thread(target=done.wait, args=(60,), daemon=True).start()
            with contextlib.suppress(ResolveError):
                found = await super().resolve(reference, context)
                done.set()
                return found
            done.set()
            raise ActionNotFound(f"{reference} is not here")


class TestLeavesAProcess(_Kit):
    FAILS: ClassVar = {"test_cancelling_leaves_nothing_that_goes_on"}
    patience = 2.0

    class Broken(Good):
        started: ClassVar[list[subprocess.Popen[bytes]]] = []

        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            process = await asyncio.to_thread(subprocess.Popen, ["sleep", "60"])
            self.started.append(process)
            try:
                await super().resolve(reference, context)
                await asyncio.sleep(0.05)
                return await super().resolve(reference, context)
            except Exception:
                raise
            finally:
                if not _being_cancelled():
                    process.kill()
                    process.wait()

    @pytest.fixture(autouse=True)
    def _ended(self) -> Iterator[None]:
        yield
        while self.Broken.started:
            process = self.Broken.started.pop()
            process.kill()
            process.wait()


def _being_cancelled() -> bool:
    return isinstance(sys.exception(), asyncio.CancelledError)


class TestStuckAfterCancellation(_Kit):
    FAILS: ClassVar = {"test_after_a_cancellation_it_can_be_had"}

    class Broken(Good):
        held = False

        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            if self.held:
                raise FetchFailed(f"{reference}: its lock is held")
            try:
                return await super().resolve(reference, context)
            except asyncio.CancelledError:
                self.held = True
                raise


class TestEndsForAll(_Kit):
    FAILS: ClassVar = {"test_cancelling_one_does_not_disturb_another"}

    class Broken(Good):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self.cancelled: set[object] = set()

        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            try:
                found = await super().resolve(reference, context)
            except asyncio.CancelledError:
                self.cancelled.add(context.run)
                raise
            if context.run in self.cancelled:
                raise FetchFailed(f"{reference}: cancelled")
            return found


class TestNeverEndsWhenSilent(_Kit):
    FAILS: ClassVar = {"test_waiting_for_a_silent_server_can_be_cancelled"}
    patience = 0.2

    @pytest.fixture
    def silent(self) -> Iterator[Resolver]:
        over = threading.Event()

        class Silent(Good):
            async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
                await asyncio.to_thread(over.wait)
                raise FetchFailed(f"{reference}: nothing came")

        yield Silent(Path())
        over.set()


class TestPrints(_Kit):
    FAILS: ClassVar = {"test_nothing_is_printed"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            print(f"resolving {reference}")


class TestSetsAVariable(_Kit):
    FAILS: ClassVar = {"test_environment_variables_stay_as_they_are"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            os.environ["LEFT_BY_A_RESOLVER"] = "1"


class TestChangesTheFolder(_Kit):
    FAILS: ClassVar = {"test_the_current_folder_stays_what_it_is"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            os.chdir(self.folder)


class TestWritesHere(_Kit):
    FAILS: ClassVar = {"test_the_current_folder_gets_no_files"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            Path("add.zip").write_text("")


class TestHandlesSignals(_Kit):
    FAILS: ClassVar = {"test_signal_handlers_stay_as_they_are"}

    class Broken(Good):
        def matches(self, reference: ActionReference) -> bool:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            return super().matches(reference)


class TestConfiguresLogging(_Kit):
    FAILS: ClassVar = {"test_logging_stays_configured_as_it_is"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            logging.getLogger().setLevel(logging.DEBUG)


class TestSetsATimeoutForAll(_Kit):
    FAILS: ClassVar = {"test_settings_of_the_process_stay_as_they_are"}

    class Broken(_Does):
        def do(self, reference: ActionReference, context: ResolveContext) -> None:
            socket.setdefaulttimeout(5)
