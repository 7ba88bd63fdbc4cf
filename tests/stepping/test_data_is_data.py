"""Whatever an input of a resolved step looks like, its process gets just that."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.runners import ThreadRunner

PIECES = [
    "${{ ",
    " }}",
    "${{",
    "}}",
    "secrets.TOKEN",
    "'",
    '"',
    "\\",
    "\n",
    "#",
    ": ",
    "- ",
    "s3cret",
    "|",
    ">",
    "é",
    "!",
    "&a",
    "*a",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text("ab${} \t", max_size=3), max_size=8).map("".join)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60)
@given(value=VALUES, variable=TEXTS)
def test_a_process_gets_what_was_given(tmp_path_factory, value: object, variable: str) -> None:
    seen: list[tuple[object, str]] = []

    def look(command: dtp.Command, context: dtp.StepContext) -> int:
        inputs = json.loads(Path(command.env["DATATORCH_INPUTS"]).read_text(encoding="utf-8"))
        seen.append((inputs["value"], command.env["VARIABLE"]))
        return 0

    step = {"run": "true", "env": {"VARIABLE": variable}}
    result = dtp.run_step(step, {"value": value}, runner=ThreadRunner(look), secrets={"TOKEN": "s3cret"})
    assert result.succeeded
    assert seen == [(value, variable)]
