"""A step may say that a text is secret: from then on it is masked everywhere."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.engine.collecting.masks import MaskLines


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


def logged(data: bytes, cuts: list[int]) -> tuple[bytes, list[str]]:
    """What a log gets of an output that comes in pieces, and what was refused."""
    masker, refused = Masker(), list[str]()
    lines, stream = MaskLines(masker, refused.append), masker.stream()
    out = b"".join(stream.feed(lines.feed(chunk)) for chunk in chunks(data, cuts))
    return out + stream.feed(lines.close()) + stream.close(), refused


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (b"::add-mask::s3cret", "s3cret"),
        (b"::add-mask::two%0Alines", "two\nlines"),
        (b"::add-mask::100%25", "100%"),
        (b'::add_mask::"s3 \\"cret\\""', 's3 "cret"'),
        (b"::add_mask::not json", "not json"),
        (b"::add-mask::s3cret\r", "s3cret"),
    ],
)
@given(cuts=st.lists(st.integers(0, 200)))
def test_the_line_itself_never_shows_the_secret_however_it_comes(line: bytes, secret: str, cuts: list[int]) -> None:
    data = b"before\n" + line + b"\nit is " + secret.encode() + b"\n"
    shown, refused = logged(data, cuts)
    assert secret.encode() not in shown
    assert shown.startswith(b"before\n::add")
    assert shown.endswith(b"it is ***\n")
    assert refused == []


@given(
    data=st.lists(st.sampled_from([b"::", b"add-mask", b"::add_", b"\n", b"x", b"::a::1\n", b"\n:"])).map(b"".join),
    cuts=st.lists(st.integers(0, 200)),
)
def test_everything_else_passes_as_it_is(data: bytes, cuts: list[int]) -> None:
    lines = MaskLines(Masker(), lambda why: None)
    out = b"".join(map(lines.feed, chunks(data, cuts))) + lines.close()
    assert out == data


def test_a_secret_of_two_characters_is_refused() -> None:
    assert logged(b"::add-mask::ab\nab\n", []) == (b"::add-mask::ab\nab\n", ["it has fewer than 3 characters"])


@given(cuts=st.lists(st.integers(0, 200_000), max_size=50))
def test_of_a_line_that_is_too_long_nothing_is_logged(cuts: list[int]) -> None:
    every = list(range(0, 100_000, 30_000))
    shown, refused = logged(b"::add-mask::" + b"x" * 100_000 + b"\nend\n::a::1\n", [*cuts, *every])
    assert shown == b"::add-mask::***\nend\n::a::1\n"
    assert refused == ["its line is longer than 65536 bytes; the rest of it is left out of the log"]


def test_a_run_has_a_thousand_secrets_at_most() -> None:
    made = [b"secret-%04d-" % number for number in range(1002)]
    shown, refused = logged(b"".join(b"::add-mask::" + each + b"\n" for each in made) + made[999] + made[1000], [])
    assert shown.endswith(b"\n***secret-1000-")
    assert refused == ["the run has 1000 secrets already"] * 2


def test_a_runs_secrets_have_a_bounded_length_together() -> None:
    masker, refused = Masker(), list[str]()
    masker.secrets = frozenset({"x" * 131_060})  # to learn one of this length takes a second or two
    MaskLines(masker, refused.append).feed(b"::add-mask::123456\n::add-mask::1234567\n::add-mask::abcdef\n")
    assert refused == ["the run's secrets have 131072 characters already"]


def test_a_secret_that_is_told_again_costs_nothing() -> None:
    masker = Masker()
    lines = MaskLines(masker, lambda why: None)
    lines.feed(b"::add-mask::hunter2\n")
    known = masker.forms
    lines.feed(b"::add-mask::hunter2\n")
    assert masker.forms is known


PIPELINE = """\
name: Mask
jobs:
  first:
    outputs: {token: "${{ steps.make.outputs.token }}"}
    steps:
      - id: make
        run: |
          echo '::add-mask::made-up-token'
          echo '::token::"made-up-token"'
          echo "it is made-up-token, bWFkZS11cC10b2tlbg=="
      - run: echo "$T" >&2
        env: {T: "${{ steps.make.outputs.token }}"}
  second:
    needs: first
    steps: [{run: 'test "$T" = made-up-token && echo "$T"', env: {T: "${{ needs.first.outputs.token }}"}}]
"""


def test_what_a_step_masked_shows_nowhere_and_is_still_handed_on(project) -> None:
    result = project.run(PIPELINE)
    assert result.succeeded
    first, second = result.jobs["first"], result.jobs["second"]
    assert first.steps[0].log == '::add-mask::***\n::token::"***"\nit is ***, ***==\n'
    assert first.steps[0].outputs == {"token": "***"}
    assert first.steps[1].log == "***\n"
    assert first.outputs == {"token": "***"}
    assert second.steps[0].log == "***\n"
    written = b"".join(path.read_bytes() for path in Path(result.directory).rglob("*.log"))
    events = (result.directory / "events.jsonl").read_bytes()
    assert b"made-up-token" not in written + events
    assert "made-up-token" not in repr(result)
