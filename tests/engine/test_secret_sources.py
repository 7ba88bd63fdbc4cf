"""Secrets out of the environment and out of files."""

from __future__ import annotations

from pathlib import Path

import pytest

import datatorch_pipelines as dtp

PIPELINE = """\
name: P
jobs:
  a:
    steps:
      - env: {TOKEN: "${{ secrets.TOKEN }}"}
        run: echo "it is $TOKEN"; echo "::length::${#TOKEN}"
"""


def test_variables_with_a_prefix_are_secrets_by_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("MY_SECRET_", "no name")
    secrets = dtp.secrets_from_env("MY_SECRET_")
    assert dict(secrets) == {"TOKEN": "hunter2"}
    step = dtp.loads(PIPELINE).run(secrets=secrets).jobs["a"].steps[0]
    assert (step.stdout, dict(step.outputs)) == ("it is ***\n::length::7\n", {"length": 7})


def test_what_is_given_shows_names_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=hunter2\nB='three'\n")
    assert repr(dtp.secrets_from_file(file)) == "<secrets A, B>"
    assert repr(dtp.secrets_from_env("X_", {"X_A": "hunter2"})) == "<secrets A>"
    assert repr(dtp.secrets_from_env("X_", {})) == "<secrets (none)>"


def test_a_file_of_secrets_is_read(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_bytes('\ufeffexport TOKEN="two\\nlines" # ours\n'.encode())
    assert dtp.secrets_from_file(str(file)) == {"TOKEN": "two\nlines"}
    assert dtp.loads(PIPELINE).run(secrets=dtp.secrets_from_file(file)).jobs["a"].steps[0].outputs == {"length": 9}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nhunter2\n", "secrets.env:2:1: this is no KEY=VALUE"),
        (
            b"A='hunter2\n",
            "secrets.env:1:1: the quote does not end with the line; in double quotes \\n is a line end",
        ),
        (b"A=hunter2\xff", "'secrets.env' is not UTF-8 text: invalid start byte; save it as UTF-8"),
        (None, "'secrets.env' can't be read: No such file or directory; check the path"),
    ],
)
def test_a_file_that_is_wrong_is_told_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("secrets.env").write_bytes(content)
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.secrets_from_file("secrets.env")
    assert str(raised.value) == said
    assert raised.value.__context__ is None or b"hunter2" not in repr(vars(raised.value.__context__)).encode()


def test_an_empty_prefix_is_refused() -> None:
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.secrets_from_env("")
    assert str(raised.value) == "an empty prefix would make a secret of every variable; give a longer one"


def test_a_variable_that_is_no_text_is_refused_and_not_shown() -> None:
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.secrets_from_env("X_", {"X_A": "hunter2\udcff"})
    assert str(raised.value) == "the environment variable 'X_A' is not UTF-8 text; set it anew"
