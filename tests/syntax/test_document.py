"""Editing: what isn't touched stays as its author wrote it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.syntax import Document

TEXT = """\
# Adds two numbers.
name: 'Add Example' # quoted

jobs:
  add:
    steps:
      # The only step.
      - name: Add
        action: datatorch/add   # unpinned
        inputs: {a: 5, "b": 0x1F}
        run: |
          keep
            this
        url: "https://example.org/a/very/long/address/that/goes/on/and/on/and/on?x=1&y=2 and a few words"
"""


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), "a:\n- b: 1\n  c: 2\n- d\n", "a: 1\nb: [x]\n"])
def test_a_document_that_is_not_changed_is_the_same_text(text: str) -> None:
    assert Document.loads(text).dump() == text


def test_a_change_leaves_the_rest_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(TEXT)
    document = Document.load(path)
    step = document.data["jobs"]["add"]["steps"][0]
    step["action"] = "datatorch/add@v1"
    step["inputs"]["a"] = 6
    expected = TEXT.replace("datatorch/add   #", "datatorch/add@v1 #").replace("{a: 5,", "{a: 6,")
    assert document.dump().split() == expected.split()
    assert [line for line in document.dump().splitlines() if line not in expected.splitlines()] == []


def test_a_wrong_document_is_refused_at_its_place() -> None:
    with pytest.raises(PipelineSyntaxError) as caught:
        Document.loads("a: 1\na: 2\n", "p.yaml")
    assert str(caught.value) == "p.yaml:2:1: error: the key 'a' is there twice [DT106]; keep one of them"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineSyntaxError, match="no such file"):
        Document.load(tmp_path / "p.yaml")
