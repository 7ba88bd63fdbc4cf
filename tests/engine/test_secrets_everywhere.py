"""No secret is anywhere in what a run leaves or shows, whatever it is, however it is written and wherever a chunk ends.

What is looked for is made here by the standard library alone, not by the masker's own list of forms.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, quote_plus

import pytest
from attrs import frozen
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines._masking import Masker
from datatorch_pipelines.cli.logs import LogFiles
from datatorch_pipelines.contracts import Command
from datatorch_pipelines.display import LiveView, event_json, outputs_text, plan_json, plan_text, run_json
from datatorch_pipelines.display.summary import run_summary_text
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.records.reading import read_events
from tests.support.null_runner import NullRunner, simulate

SHORTEST = 2
"""The fewest characters that are masked, without the white space around."""
SHORTEST_IN_BASE64 = 7
"""From how many bytes on what base64 makes of a secret is masked wherever in a longer text it stands."""

# In nothing that a run writes by itself is there one of these letters, so that what is found is the secret.
RARE = "ZQ€é字😀"
SPECIAL = " \n\r\t\"'\\/$^.|?+()[]{}%&=:~,;<>#@!-_a1"

PIPELINE = """\
name: Everywhere
env: {WHOLE: "${{ secrets.one }}"}
jobs:
  first:
    outputs: {token: "${{ steps.make.outputs.token }}", all: "${{ toJSON(steps) }}"}
    steps:
      - id: make
        run: make
        env: {ONE: "${{ secrets.one }}", ALL: "${{ toJSON(secrets) }}"}
        inputs: {whole: "${{ secrets.one }}", part: "<${{ secrets.two }}>", deep: ["${{ secrets }}"]}
      - {name: late, run: late, timeout: "${{ steps.make.outputs.token }}", continue-on-error: true}
      - {name: broken, run: broken, continue-on-error: true}
      - {name: again, run: again, env: {GIVEN: "${{ event.token }}${{ inputs.token }}${{ variables.token }}"}}
  second:
    needs: first
    strategy: {matrix: {x: ["${{ needs.first.outputs.token }}", b], y: ["${{ needs.first.outputs.all }}"]}}
    steps: [{run: use, env: {T: "${{ matrix.x }}"}}]
  third:
    needs: first
    timeout: ${{ needs.first.outputs.token }}
    steps: [{run: never}]
"""


@frozen
class Written:
    """What a step writes: its two streams in chunks, in their order."""

    chunks: Sequence[tuple[str, bytes]]


class Writer(NullRunner):
    """A runner whose first step writes what it is told to, in these chunks, and whose step ``broken`` raises."""

    def __init__(self, written: Written, secrets: Sequence[str]) -> None:
        super().__init__()
        self._written = written
        self._secrets = secrets

    async def execute(self, command: Command, context: dtp.StepContext) -> int:
        if context.step == "broken":
            raise CommandRejected(f"can't start {' '.join(self._secrets)}")
        for stream, chunk in self._written.chunks:
            context.log(stream, chunk)
        return await super().execute(command, context)


def encoded(secret: str) -> list[bytes]:
    """A secret as programs may write it."""
    raw = secret.encode()
    found = [raw, json.dumps(secret).encode(), json.dumps(secret, ensure_ascii=False).encode()]
    found += [quote(raw).encode(), quote(raw, safe="").encode(), quote_plus(raw).encode(), repr(secret).encode()]
    found += [base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    found += [b"Basic " + base64.b64encode(user + raw + end) for user in (b"", b"u", b"u:") for end in (b"", b"!")]
    return [*found, json.dumps({"token": secret}).encode(), *raw.splitlines()]


def looked_for(secret: str) -> set[bytes]:
    """The bytes that may be nowhere. Lines and secrets that hold no rare letter could be there by chance."""
    found: set[bytes] = set()
    for text in {secret, secret.strip(), *secret.splitlines()}:
        if len(text.strip()) < SHORTEST or not set(text) & set(RARE):
            continue
        raw = text.encode()
        found |= {raw, json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
        found |= {quote(raw).encode(), quote(raw, safe="").encode(), quote_plus(raw).encode()}
        if len(raw) >= SHORTEST_IN_BASE64:
            for lead in (0, 1, 2):
                whole = base64.b64encode(b"\0" * lead + raw + b"\0\0")
                # Without the characters that what is before and behind has a part in.
                found.add(whole[-(-8 * lead // 6) : 8 * (lead + len(raw)) // 6])
    return found


def secrets() -> st.SearchStrategy[str]:
    texts = st.text(RARE + SPECIAL, min_size=SHORTEST, max_size=30) | st.text(RARE, min_size=70, max_size=90)
    return texts.filter(lambda text: len(text.strip()) >= SHORTEST and bool(set(text) & set(RARE)))


@st.composite
def written(draw: st.DrawFn, hidden: Sequence[str]) -> Written:
    """Two streams of noise with secrets in it, cut anywhere, in any order."""
    noise = st.binary(max_size=12).map(
        lambda data: bytes(byte for byte in data if byte < 0x80 and byte not in b"ZQ*\x1b")
    )
    streams: dict[str, list[bytes]] = {}
    for stream in ("stdout", "stderr"):
        pieces = draw(
            st.lists(noise | st.sampled_from([form for each in hidden for form in encoded(each)]), max_size=8)
        )
        whole = b"".join(pieces)
        cuts = sorted({0, len(whole), *draw(st.lists(st.integers(0, len(whole)), max_size=8))})
        streams[stream] = [whole[start:end] for start, end in pairwise(cuts)]
    order = draw(st.permutations([name for name, chunks in streams.items() for _ in chunks]))
    chunks = [(name, streams[name].pop(0)) for name in order]
    token = f"\n::token::{json.dumps(hidden[0])}\n".encode()
    middle = draw(st.integers(0, len(token)))
    return Written([*chunks, ("stdout", token[:middle]), ("stdout", token[middle:])])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], Written]:
    hidden = draw(st.lists(secrets(), min_size=2, max_size=3))
    return hidden, draw(written(hidden))


def left(result: dtp.RunResult) -> Iterator[tuple[str, bytes]]:
    """All that a run leaves behind and all that is shown of it, by what it is."""
    for path in sorted(result.directory.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(result.directory)), path.read_bytes()
    events = read_events(result.directory)
    for item in events:
        yield f"the repr of an event {item.type}", repr(item).encode()
        yield f"an event {item.type}", event_json(item).encode()
    yield from shown("the result", result)
    yield from shown("the opened result", dtp.open_run(result.directory))
    view = LiveView()
    with LogFiles(result.directory) as logs:
        yield "the terminal", "".join(view.show(item, logs.data(item)) for item in events).encode()


def shown(what: str, result: dtp.RunResult) -> Iterator[tuple[str, bytes]]:
    yield f"the repr of {what}", repr(result).encode()
    yield f"the JSON of {what}", run_json(result).encode()
    yield f"the outputs of {what}", outputs_text(result).encode()
    yield f"the summary of {what}", run_summary_text(result).encode()
    for job in result.jobs.values():
        for step in (*job.steps, *(step for instance in job.instances for step in instance.steps)):
            yield f"a log of {what}", step.log.encode()
    try:
        result.raise_for_status()
    except dtp.RunFailed as error:
        yield f"the error of {what}", f"{error}{error!r}{error.hint}".encode()


def assert_nowhere(hidden: Sequence[str], places: Iterator[tuple[str, bytes]]) -> None:
    forms = {form: secret for secret in hidden for form in looked_for(secret)}
    for what, data in places:
        for form, secret in forms.items():
            assert form not in data, f"{secret!r} is in {what}: {data!r}"


def run_with(hidden: Sequence[str], runner: dtp.Runner, folder: str) -> dtp.RunResult:
    names = ("one", "two", "three")
    return simulate(
        PIPELINE,
        runner,
        directory=folder,
        secrets=dict(zip(names, hidden, strict=False)),
        event={"token": hidden[0], "deep": [{hidden[1]: f"<{hidden[1]}>"}]},
        inputs={"token": f"{hidden[-1]}."},
        variables={"token": hidden[0]},
        run_facts={"name": hidden[0]},
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
@example((["Z" * 80 + "Q" * 20, "Z\nQ€"], Written([("stdout", f'::token::"{"Z" * 80 + "Q" * 20}"\n'.encode())])))
@example((["ZQ", "Q字"], Written([("stdout", b"Z"), ("stderr", "Q字".encode()), ("stdout", b'Q\n::token::"ZQ"\n')])))
def test_no_secret_is_in_what_a_run_leaves_and_shows(case: tuple[list[str], Written]) -> None:
    hidden, what = case
    with TemporaryDirectory() as folder:
        runner = Writer(what, hidden)
        result = run_with(hidden, runner, folder)
        # It ran as it was meant to, and the steps had what is looked for.
        make = next(span for span in runner.spans if span.step == "make")
        assert make.command is not None
        assert make.command.env["ONE"] == hidden[0].replace("\0", "")
        assert {job: str(found.status) for job, found in result.jobs.items()}["third"] == "failed"
        assert result.jobs["second"].instances[0].matrix["x"] == "***"
        assert_nowhere(hidden, left(result))


def test_what_is_cut_to_be_short_holds_no_beginning_of_a_secret() -> None:
    hidden = "".join(f"Z{number}Q" for number in range(40))
    with TemporaryDirectory() as folder:
        result = run_with([hidden, hidden], Writer(Written([("stdout", f'::token::"{hidden}"'.encode())]), []), folder)
        assert result.jobs["second"].instances[0].name.startswith("second (***, ")
        assert result.jobs["third"].error is not None
        assert result.jobs["third"].error.message == "a long text is no number above 0"
        for what, data in left(result):
            assert b"Z1QZ2Q" not in data, what


@settings(max_examples=30, deadline=None)
@given(st.lists(secrets(), min_size=2, max_size=2))
def test_no_secret_is_in_a_plan_however_it_is_shown(hidden: list[str]) -> None:
    pipeline = dtp.Pipeline(
        name="Plan",
        jobs={
            "a": dtp.Job(
                name=hidden[0],
                outputs={"o": hidden[1]},
                steps=[
                    dtp.Step(name=hidden[0], run="echo", env={"E": hidden[0]}, inputs={"i": [{"x": hidden[1]}]}),
                    dtp.Step(run="echo", env={"F": "${{ secrets.one }}"}),
                ],
            )
        },
    )
    given_secrets = dict(zip(("one", "two"), hidden, strict=True))
    masker = Masker(hidden)
    plan = pipeline.plan(secrets=given_secrets)
    places = iter([("the text", plan_text(plan, masker).encode()), ("the JSON", plan_json(plan, masker).encode())])
    assert_nowhere(hidden, places)


WRITTEN_OUT = """\
name: P SECRET
variables: {v: SECRET, SECRETk: 1}
jobs:
  a:
    name: J SECRET
    env: {ESECRET: SECRET}
    outputs: {oSECRET: SECRET, x: "${{ steps.iSECRET.outputs.SECRET }}"}
    steps:
      - name: s SECRET
        id: iSECRET
        inputs: {nSECRET: SECRET, l: [SECRET]}
        run: echo SECRET; echo '::SECRET::1'
      - {name: fail SECRET, if: "'SECRET' == 'SECRET'", run: "exit 3 # SECRET"}
      - name: time SECRET
        if: always() && 'SECRET' != ''
        timeout: "${{ 'SECRET' }}"
        run: echo
  b: {needs: a, strategy: {matrix: {SECRET: [SECRET], y: [1]}}, steps: [{run: "echo SECRET"}]}
  c: {strategy: {matrix: {qSECRET: [SECRET], y: [1]}}, steps: [{run: "echo $A", env: {A: "${{ matrix.qSECRET }}"}}]}
"""


def test_a_secret_that_the_pipeline_itself_says_is_nowhere_in_its_run(tmp_path: Path) -> None:
    """But for ids of jobs, which name folders, and the path of its file."""
    path = tmp_path / "p.yaml"
    path.write_text(WRITTEN_OUT.replace("SECRET", "ZQhunterZQ"), encoding="utf-8")
    result = dtp.load(path).run(secrets={"s": "ZQhunterZQ"}, directory=tmp_path / "runs")
    assert [str(job.status) for job in result.jobs.values()] == ["failed", "skipped", "succeeded"]
    assert result.error is not None
    assert result.error.message == "the step 'fail ***' failed with exit status 3"
    assert result.jobs["a"].steps[2].error is not None
    assert_nowhere(["ZQhunterZQ"], left(result))
    assert not [file for file in result.directory.rglob("*") if "ZQ" in file.name]


WRITES = """\
import json, os, sys, time
for stream, text in json.loads(os.environ["CHUNKS"]):
    os.write({"stdout": 1, "stderr": 2}[stream], bytes.fromhex(text))
"""


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_no_secret_gets_out_of_a_process(case: tuple[list[str], Written]) -> None:
    hidden, what = case
    chunks = json.dumps([(stream, chunk.hex()) for stream, chunk in what.chunks])
    pipeline = dtp.Pipeline(
        name="Real",
        jobs={
            "a": dtp.Job(
                outputs={"token": "${{ steps.make.outputs.token }}"},
                steps=[
                    dtp.Step(
                        id="make",
                        run='"$PYTHON" -c "$WRITES"',
                        env={
                            "CHUNKS": "${{ secrets.chunks }}",
                            "WRITES": WRITES,
                            "PYTHON": sys.executable,
                            "ONE": "${{ secrets.one }}",
                        },
                        inputs={"two": "${{ secrets.two }}"},
                    )
                ],
            )
        },
    )
    names = ("one", "two", "three")
    with TemporaryDirectory() as folder:
        given_secrets = {**dict(zip(names, hidden, strict=False)), "chunks": chunks}
        result = pipeline.run(secrets=given_secrets, directory=folder)
        assert result.succeeded, result.error
        assert result.jobs["a"].outputs["token"] == "***"
        assert_nowhere(hidden, left(result))


@pytest.mark.parametrize("option", ["--secret", "--secrets-file", "--secrets-env"])
def test_no_secret_gets_out_of_the_command(tmp_path: Path, option: str) -> None:
    hidden = 'Z"Q\\n€ 字'
    text = 'name: P\njobs:\n  a:\n    steps: [{run: "echo \\"$T\\"; exit 3", env: {T: "${{ secrets.T }}"}}]\n'
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "s.env").write_text(f"T='{hidden}'\n", encoding="utf-8")
    value = {"--secret": "T", "--secrets-file": "s.env", "--secrets-env": "MY_"}[option]
    env = {"DATATORCH_PIPELINES_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    env |= {"T": hidden} if option == "--secret" else {"MY_T": hidden} if option == "--secrets-env" else {}
    for more in (["--json"], ["--log-format", "json"], ["--dry-run"], []):
        done = subprocess.run(
            [sys.executable, "-m", "datatorch_pipelines", "run", "p.yaml", option, value, *more],
            cwd=tmp_path,
            env=env,
            capture_output=True,
        )
        assert done.returncode == (0 if more == ["--dry-run"] else 1), done.stderr
        assert_nowhere([hidden], iter([("stdout", done.stdout), ("stderr", done.stderr)]))
    files = [(str(path), path.read_bytes()) for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(files) > 6
    assert_nowhere([hidden], iter(files))
