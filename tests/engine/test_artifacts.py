"""What steps leave in ``$DATATORCH_ARTIFACTS``, by real runs, here and where files are not shared."""

from __future__ import annotations

import hashlib
import os
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.contracts import Command, StepContext
from datatorch_pipelines.engine.collecting.artifacts import Collecting
from datatorch_pipelines.errors import EnvironmentLost, RunnerError
from datatorch_pipelines.results import Artifact, StepFinished
from tests.support.far_runner import FarRunner

EVERYWHERE = pytest.mark.parametrize("runner", [dtp.LocalRunner, FarRunner])


def pipeline(*steps: str) -> str:
    """A pipeline of one job whose steps run these shell texts."""
    shown = "".join(
        f"      - name: s{n}\n        run: |\n{textwrap.indent(s, ' ' * 10)}\n" for n, s in enumerate(steps)
    )
    return f"name: P\njobs:\n  a:\n    steps:\n{shown}"


def kept(result: dtp.RunResult, step: str = "s0") -> dict[str, bytes]:
    """The files of a step, read from where the result says that they are; each is as its size and digest say."""
    artifacts = result.jobs["a"].step(step).artifacts
    found: dict[str, bytes] = {}
    for artifact in artifacts:
        assert artifact.path == result.directory / artifact.file
        found[artifact.name] = artifact.path.read_bytes()
        assert artifact.size == len(found[artifact.name])
        assert artifact.digest == hashlib.sha256(found[artifact.name]).hexdigest()
    return found


def warnings(result: dtp.RunResult) -> list[str]:
    return [f"{item.code} {item.message}" for item in result.diagnostics]


@EVERYWHERE
def test_files_and_folders_that_a_step_leaves_are_kept_with_size_and_digest(project, runner) -> None:
    text = """\
        mkdir -p "$DATATORCH_ARTIFACTS/deep/er" "$DATATORCH_ARTIFACTS/empty"
        printf one > "$DATATORCH_ARTIFACTS/a b.txt"
        head -c 3000000 /dev/zero > "$DATATORCH_ARTIFACTS/deep/er/zeros"
        printf x >> "$DATATORCH_ARTIFACTS/deep/er/zeros"
        : > "$DATATORCH_ARTIFACTS/données"
        ln "$DATATORCH_ARTIFACTS/a b.txt" "$DATATORCH_ARTIFACTS/second name"
        """
    result = project.run(pipeline(text, "true"), runner=runner())
    assert (result.error, warnings(result)) == (None, [])
    zeros = bytes(3_000_000) + b"x"
    assert kept(result) == {"a b.txt": b"one", "deep/er/zeros": zeros, "données": b"", "second name": b"one"}
    assert kept(result, "s1") == {}
    one = result.jobs["a"].step("s0").artifacts[0]
    assert one == Artifact(
        name="a b.txt", file="artifacts/a/001-s0/a b.txt", size=3, digest=hashlib.sha256(b"one").hexdigest()
    )
    folder = result.directory / "artifacts/a/001-s0"
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert dtp.open_run(result.directory).jobs["a"].step("s0").artifacts == result.jobs["a"].step("s0").artifacts


@EVERYWHERE
@pytest.mark.parametrize(
    ("ending", "status"), [("exit 3", "failed"), ("kill -9 $$", "failed"), ("sleep 600", "failed")]
)
def test_what_a_step_left_is_kept_however_it_ended(project, runner, ending: str, status: str) -> None:
    text = pipeline(f'echo 1 > "$DATATORCH_ARTIFACTS/x"; {ending}').replace(
        "- name: s0", "- name: s0\n        idle-timeout: 0.01"
    )
    result = project.run(text, runner=runner())
    assert result.status == status
    assert kept(result) == {"x": b"1\n"}


@EVERYWHERE
def test_what_a_cancelled_step_left_is_kept(project, runner) -> None:
    text = pipeline('echo 1 > "$DATATORCH_ARTIFACTS/x"; echo ready; exec sleep 600')
    handle = dtp.load(project.write(text)).start(directory=project.runs, runner=runner())
    for event in handle:
        if event.type == "log":
            handle.cancel()
    result = handle.wait()
    assert result.status == "cancelled"
    assert result.jobs["a"].step("s0").status == "cancelled"
    assert kept(result) == {"x": b"1\n"}


def test_what_is_left_when_a_jobs_time_is_over_is_kept(project) -> None:
    text = pipeline('echo 1 > "$DATATORCH_ARTIFACTS/x"; exec sleep 600').replace("  a:\n", "  a:\n    timeout: 0.02\n")
    result = project.run(text)
    assert (result.status, str(result.error.message)) == ("failed", "the job timed out after 0.02 minutes")
    assert kept(result) == {"x": b"1\n"}


@EVERYWHERE
def test_links_devices_and_strange_names_are_not_kept_and_told(project, runner) -> None:
    text = """\
        cd "$DATATORCH_ARTIFACTS"
        ln -s /etc/passwd link
        ln -s / folder
        mkfifo pipe
        printf x > "$(printf 'line\\nend')"
        mkdir in; ln -s ../../../up in/up
        echo fine > fine
        """
    result = project.run(pipeline(text), runner=runner())
    assert result.error is None
    assert kept(result) == {"fine": b"fine\n"}
    assert sorted(warnings(result)) == [
        "DT418 the artifact 'folder' was not kept: it is a link",
        "DT418 the artifact 'in/up' was not kept: it is a link",
        "DT418 the artifact 'line\\nend' was not kept: its name is no plain text of a common length",
        "DT418 the artifact 'link' was not kept: it is a link",
        "DT418 the artifact 'pipe' was not kept: it is no regular file",
    ]
    assert [item.location.line for item in result.diagnostics] == [5] * 5
    assert result.jobs["a"].step("s0").diagnostics == result.diagnostics


@EVERYWHERE
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("ln -s /etc", "the folder can't be read: Not a directory"),
        ("echo junk >", "the folder can't be read: Not a directory"),
        ("mkfifo", "the folder can't be read: Not a directory"),
        (":", None),
    ],
)
def test_another_thing_in_the_place_of_the_folder_is_a_warning(project, runner, place: str, why: str | None) -> None:
    text = f'rm -r "$DATATORCH_ARTIFACTS"; {place} "$DATATORCH_ARTIFACTS"; echo "::x::1"'
    result = project.run(pipeline(text), runner=runner())
    assert (result.error, dict(result.jobs["a"].step("s0").outputs)) == (None, {"x": 1})
    assert kept(result) == {}
    if runner is FarRunner and why and "echo" not in place:
        why = "it is a link" if "ln" in place else "it is no regular file"
    assert warnings(result) == ([f"DT418 the artifacts were not kept: {why}"] if why else [])


def test_no_more_files_and_bytes_are_kept_than_the_limits_allow(project) -> None:
    text = 'cd "$DATATORCH_ARTIFACTS"; for n in 1 2 3 4; do printf 12345 > "$n"; done'
    few = project.run(pipeline(text), limits=dtp.Limits(max_artifact_files=2))
    assert list(kept(few)) == ["1", "2"]
    assert warnings(few) == ["DT418 the artifact '3' was not kept: there are more than 2 files"]
    small = project.run(pipeline(text + "; printf 1 > 5"), limits=dtp.Limits(max_artifact_bytes=11))
    assert list(kept(small)) == ["1", "2", "5"]
    assert warnings(small) == [
        f"DT418 the artifact '{n}' was not kept: the files are larger than 11 bytes together" for n in (3, 4)
    ]


def test_a_thousand_links_are_ten_warnings_and_a_count(project) -> None:
    text = 'cd "$DATATORCH_ARTIFACTS"; for n in $(seq 1000); do ln -s x $n; done'
    result = project.run(pipeline(text))
    assert len(result.diagnostics) == 11
    assert warnings(result)[-1] == "DT418 so it is with 990 more of the step's files"


def test_far_away_files_beyond_the_limit_are_not_fetched_and_the_outputs_are(project) -> None:
    text = 'echo \'{"x": 1}\' > "$DATATORCH_OUTPUT"; truncate -s 900000000000 "$DATATORCH_ARTIFACTS/large"'
    limits = dtp.Limits(max_artifact_bytes=100_000, max_output_bytes=100_000, max_artifact_files=1)
    result = project.run(pipeline(text), limits=limits, runner=FarRunner())
    assert (result.error, dict(result.jobs["a"].step("s0").outputs)) == (None, {"x": 1})
    assert kept(result) == {}
    (warning,) = warnings(result)
    assert warning == (
        "DT418 the artifacts were not kept: files can't be copied from where the job runs: "
        f"they are larger than {200_000 + 17 * 4096} bytes"
    )


def test_a_file_with_holes_does_not_fill_the_disk(project) -> None:
    result = project.run(pipeline('truncate -s 300M "$DATATORCH_ARTIFACTS/large"'))
    (artifact,) = result.jobs["a"].step("s0").artifacts
    assert artifact.size == 300 << 20
    assert artifact.path.stat().st_size == 300 << 20
    assert artifact.path.stat().st_blocks * 512 < 1 << 20


@EVERYWHERE
def test_a_step_that_is_tried_again_keeps_what_the_last_try_left(project, runner) -> None:
    text = pipeline("""\
        if [ -e tried ]; then echo 2 > "$DATATORCH_ARTIFACTS/two"; exit 0; fi
        touch tried; echo 1 > "$DATATORCH_ARTIFACTS/one"; exit 3
        """).replace("- name: s0", "- name: s0\n        retries: 1")
    result = project.run(text, runner=runner())
    assert (result.error, result.jobs["a"].step("s0").attempts) == (None, 2)
    assert kept(result) == {"two": b"2\n"}
    assert [path.name for path in (result.directory / "artifacts").rglob("*") if path.is_file()] == ["two"]


def test_each_step_of_each_instance_has_a_folder_of_its_own(project) -> None:
    text = pipeline(*['test -z "$(ls -A "$DATATORCH_ARTIFACTS")"; echo "$INPUT_M" > "$DATATORCH_ARTIFACTS/m"'] * 2)
    text = text.replace("  a:\n", "  a:\n    strategy: {matrix: {m: [1, 2]}}\n")
    text = text.replace("        run:", "        inputs: {m: '${{ matrix.m }}'}\n        run:")
    result = project.run(text)
    assert result.error is None
    found = [step.artifacts[0] for job in result.jobs["a"].instances for step in job.steps]
    assert [artifact.file for artifact in found] == [
        f"artifacts/a/00{instance}/00{step}-s{step - 1}/m" for instance in (1, 2) for step in (1, 2)
    ]
    assert [artifact.path.read_text() for artifact in found] == ["1\n", "1\n", "2\n", "2\n"]


def test_a_name_and_a_file_with_a_secret(project) -> None:
    text = 'cd "$DATATORCH_ARTIFACTS"; echo "$INPUT_S" > inside; echo 1 > "$INPUT_S"'
    text = pipeline(text).replace("        run:", "        inputs: {s: '${{ secrets.S }}'}\n        run:")
    result = project.run(text, secrets={"S": "hunter2-hunter2"})
    assert kept(result) == {"inside": b"hunter2-hunter2\n"}
    assert warnings(result) == [
        "DT418 the artifact '***' was not kept: its name holds a secret",
        "DT418 the artifact 'inside' holds a secret; artifacts are kept as they are",
    ]
    assert b"hunter2" not in (result.directory / "events.jsonl").read_bytes()


@pytest.mark.parametrize(("ending", "said"), [("true", "the files"), ("exit 3", "the step 's0' failed")])
def test_what_can_not_be_kept_fails_a_step_and_hides_no_other_failure(project, ending: str, said: str) -> None:
    text = pipeline(
        f'touch "$DATATORCH_ARTIFACTS/x"; for d in {project.runs}/*; do touch "$d/artifacts"; done; {ending}'
    )
    result = project.run(text)
    assert (result.status, result.jobs["a"].step("s0").artifacts) == ("failed", ())
    message = "the files that the step left can't be kept: Not a directory; free the disk and run again"
    assert result.error.message.startswith(said)
    assert message in [result.error.message, *(item.message for item in result.diagnostics)]
    assert result.error.location.line == 5


@EVERYWHERE
def test_folders_are_gone_with_their_job_and_no_step_can_know_the_next_ones(project, runner, monkeypatch) -> None:
    temporary = project.folder / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(temporary))
    monkeypatch.setenv("TMPDIR", os.fspath(temporary))
    texts = ['chmod 0 "$DATATORCH_ARTIFACTS"; echo "::a::\\"$DATATORCH_ARTIFACTS\\""'] * 2
    result = project.run(pipeline(*texts), runner=runner())
    places = [Path(str(step.outputs["a"])) for step in result.jobs["a"].steps]
    assert len({place.parent if runner is FarRunner else place for place in places}) == 2
    assert not any(place.exists() for place in places)
    assert list(temporary.iterdir()) == []


class LosesFiles(FarRunner):
    """Raises something when files are to come back."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def execute(self, command: Command, context: StepContext) -> int:
        if command.argv[0] == "tar" and context.job.attempt == 1:
            raise self.error
        return await super().execute(command, context)


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (EnvironmentLost("gone"), ("succeeded", None, {"x": b"1\n"}, [])),
        (
            RunnerError("no way back"),
            (
                "succeeded",
                None,
                {},
                [
                    "DT412 the output 'DATATORCH_OUTPUT' was not taken: no way back",
                    "DT418 the artifacts were not kept: no way back",
                ],
            ),
        ),
        (ZeroDivisionError("oops"), ("failed", "the runner raised ZeroDivisionError: oops", {}, [])),
    ],
    ids=repr,
)
def test_a_runner_that_brings_no_files_back_fails_no_other_way_than_it_says(project, error, ended) -> None:
    result = project.run(pipeline('echo 1 > "$DATATORCH_ARTIFACTS/x"'), runner=LosesFiles(error))
    said = None if result.error is None else result.error.message
    assert (result.status, said, kept(result), warnings(result)) == ended


def test_a_run_that_is_cancelled_while_files_are_kept_ends_at_once_and_leaves_no_half(project) -> None:
    text = pipeline('truncate -s 60G "$DATATORCH_ARTIFACTS/large"')
    handle = dtp.load(project.write(text)).start(directory=project.runs)
    deadline = time.monotonic() + 60
    while not list(project.runs.glob("*/artifacts/a/.001-s0.tmp/large")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    handle.cancel()
    result = handle.wait()
    assert time.monotonic() < deadline  # to copy all of it takes longer
    assert (result.status, result.jobs["a"].step("s0").artifacts) == ("cancelled", ())
    assert [path.name for path in (result.directory / "artifacts/a").iterdir()] == []


@pytest.mark.parametrize(
    "harm",
    [
        "ln -s /etc $(dirname $DATATORCH_ARTIFACTS)/no-artifacts; rm -r $DATATORCH_ARTIFACTS",
        "mkfifo $(dirname $DATATORCH_ARTIFACTS)/no-artifacts; rm -r $DATATORCH_ARTIFACTS",
        "mkdir -m 700 -p $(dirname $DATATORCH_ARTIFACTS)/no-artifacts/x; rm -r $DATATORCH_ARTIFACTS",
        "chmod 777 $DATATORCH_ARTIFACTS",
        "rm -r $DATATORCH_ARTIFACTS",
        "true",
    ],
)
def test_no_step_can_put_something_into_the_place_of_a_later_ones_folder(project, harm: str) -> None:
    look = (
        'stat -c "%F %a" "$DATATORCH_ARTIFACTS"; ls -A "$DATATORCH_ARTIFACTS"; echo "::a::\\"$DATATORCH_ARTIFACTS\\""'
    )
    result = project.run(pipeline(f"{harm}; {look.partition('; ')[2].partition('; ')[2]}", look, look))
    steps = result.jobs["a"].steps
    assert (result.error, [step.log.splitlines()[:-1] for step in steps[1:]]) == (None, [["directory 700"]] * 2)
    assert len({step.outputs["a"] for step in steps}) == 3


def test_a_child_that_writes_on_does_not_hold_the_step(project) -> None:
    text = """\
        cd "$DATATORCH_ARTIFACTS"
        (while :; do echo x; done > grows) &
        while [ ! -s grows ]; do :; done
        """
    result = project.run(pipeline(text))
    (artifact,) = result.jobs["a"].step("s0").artifacts
    assert artifact.path.read_bytes().startswith(b"x\n")
    assert artifact.digest == hashlib.sha256(artifact.path.read_bytes()).hexdigest()


def test_the_event_of_a_steps_end_has_its_artifacts(project) -> None:
    handle = dtp.load(project.write(pipeline('echo 1 > "$DATATORCH_ARTIFACTS/x"'))).start(directory=project.runs)
    (finished,) = [event for event in handle if isinstance(event, StepFinished)]
    assert [(artifact.name, artifact.file) for artifact in finished.artifacts] == [("x", "artifacts/a/001-s0/x")]


NAMES = st.text("ab.é -", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
TREES = st.recursive(
    st.binary(max_size=40) | st.sampled_from(["link", "pipe"]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def _made(folder: Path, tree: dict[str, object], prefix: str = "") -> dict[str, bytes]:
    """Makes a tree of files; gives its regular ones."""
    folder.mkdir()
    files: dict[str, bytes] = {}
    for name, what in tree.items():
        if isinstance(what, dict):
            files |= _made(folder / name, what, f"{prefix}{name}/")
        elif isinstance(what, bytes):
            (folder / name).write_bytes(what)
            files[f"{prefix}{name}"] = what
        elif what == "link":
            (folder / name).symlink_to("/etc")
        else:
            os.mkfifo(folder / name)
    return files


@given(tree=st.dictionaries(NAMES, TREES, max_size=5))
def test_of_any_tree_the_regular_files_are_kept_as_they_are_and_nothing_else(tmp_path_factory, tree) -> None:
    root = tmp_path_factory.mktemp("tree")
    files = _made(root / "left", tree)
    told: list[str] = []
    collecting = Collecting(
        masker=Masker(), limits=dtp.Limits(), told=lambda name, _why: told.append(name), on_secret=told.append
    )
    collected = collecting.collect(root / "left", root / "run", "artifacts/x")
    assert {kept.name: (root / "run" / kept.file).read_bytes() for kept in collected.artifacts} == files
    assert [kept.name for kept in collected.artifacts] == sorted(files)
    found = {
        str(path.relative_to(root / "left"))
        for path in (root / "left").rglob("*")
        if not path.is_dir() or path.is_symlink()
    }
    assert set(told) == found - set(files)
    assert (root / "run/artifacts/x").exists() == bool(files)
    assert not list(root.rglob(".*.tmp"))


def test_collecting_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    class End(Exception):
        pass

    def check() -> None:
        if (tmp_path / "run/artifacts/.x.tmp/a").exists():
            raise End

    _made(tmp_path / "left", {"a": b"1", "b": b"2"})
    collecting = Collecting(
        masker=Masker(), limits=dtp.Limits(), told=lambda *_: None, on_secret=lambda _: None, check=check
    )
    with pytest.raises(End):
        collecting.collect(tmp_path / "left", tmp_path / "run", "artifacts/x")
    assert list((tmp_path / "run/artifacts").iterdir()) == []
