"""Secrets never get through, wherever a chunk ends."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines._masking import Masker, secret_forms, star_credentials

secrets = st.lists(st.text(min_size=2, max_size=12).filter(lambda s: len(s.strip()) > 1), min_size=1, max_size=4)


@settings(deadline=None)
@given(secrets, st.lists(st.binary(max_size=20), max_size=6), st.data())
def test_chunks_are_masked_as_the_whole_would_be(hidden: list[str], noise: list[bytes], data: st.DataObject) -> None:
    masker = Masker(hidden)
    forms = sorted({form for secret in hidden for form in secret_forms(secret)})
    parts = [part for piece in noise for part in (piece, data.draw(st.sampled_from(forms or [b"x"])))]
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    stream = masker.stream()
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    masked = b"".join([*(stream.feed(chunk) for chunk in chunks), stream.close()])
    assert masked == masker.mask(whole)
    assert masked == whole or b"***" in masked


@pytest.mark.parametrize(
    "shown",
    [
        "pa ss/wörd\n2",
        "pa ss/wörd",
        json.dumps("pa ss/wörd\n2"),
        quote("pa ss/wörd", safe=""),
        base64.b64encode("pa ss/wörd\n2".encode()).decode(),
        base64.b64encode(b"user:" + "pa ss/wörd\n2".encode()).decode(),
        base64.b64encode(b"u:" + "pa ss/wörd\n2".encode() + b"!").decode(),
        base64.b64encode(b"us:" + "pa ss/wörd\n2".encode() + b"!").decode(),
    ],
)
def test_a_secret_is_masked_in_every_form(shown: str) -> None:
    masked = Masker(["pa ss/wörd\n2"]).text(f"<{shown}>")
    assert "***" in masked
    assert len(masked) < len(shown)


LONG = "-----BEGIN KEY-----\nMIIEvQ" + "abcdefgh" * 20 + "\n-----END KEY-----\n"
HELD = {"type": "account", "key": LONG, "scopes": ["read-everything"], "short": "abc"}


@pytest.mark.parametrize(
    "shown",
    [
        base64.b64encode(LONG.encode()).decode(),
        base64.encodebytes(LONG.encode()).decode(),
        base64.encodebytes(LONG.encode()).decode().replace("\n", "\r\n"),
        json.dumps(LONG),
        json.dumps(json.dumps(LONG)),
        repr(LONG),
        quote(LONG, safe="").replace("%2D", "%2d").replace("%0A", "%0a"),
        "MIIEvQ" + "abcdefgh" * 20,
    ],
)
def test_a_long_secret_is_masked_in_every_form_and_so_it_is_within_a_json_secret(shown: str) -> None:
    for masker in (Masker([LONG]), Masker([json.dumps(HELD)])):
        assert set(masker.text(shown)) <= set("*=\r\n\"'\\")


def test_of_a_json_secret_the_longer_texts_are_secret() -> None:
    masker = Masker([json.dumps(HELD)])
    assert masker.text("account read-everything abc scopes") == "account *** abc scopes"


@pytest.mark.parametrize("odd", ["[1, 2", "[" * 5_000, '{"a": NaN}'])
def test_a_secret_that_only_looks_like_json_is_masked_as_any(odd: str) -> None:
    assert Masker([odd]).text(f"it is {odd}") == "it is ***"


@given(st.lists(st.binary(min_size=2, max_size=6), min_size=1, max_size=30), st.binary(max_size=60))
def test_the_longest_of_many_counts_wherever_they_begin_alike(hidden: list[bytes], noise: bytes) -> None:
    known = [secret.decode("latin-1") for secret in hidden]
    masker = Masker(known)
    forms = sorted({form for secret in known for form in secret_forms(secret)}, key=lambda form: -len(form))
    data = noise + b"".join(secret.decode("latin-1").encode() for secret in hidden) + noise
    expected, position = b"", 0
    while position < len(data):
        found = next((form for form in forms if data.startswith(form, position)), None)
        expected += b"***" if found else data[position : position + 1]
        position += len(found) if found else 1
    assert masker.mask(data) == expected


def test_a_secret_that_is_added_counts_in_streams_that_are_open() -> None:
    masker = Masker(["first"])
    stream = masker.stream()
    assert stream.feed(b"a fir") == b"a "
    masker.add("fire", "second")
    assert stream.feed(b"e, a second") + stream.close() == b"***, a ***"


def test_the_longest_secret_is_masked_first() -> None:
    assert Masker(["abc", "abcdef"]).text("xabcdefx abcx") == "x***x ***x"


def test_data_is_masked_in_keys_texts_and_numbers() -> None:
    masker = Masker(["hunter2", "4711"])
    data = {"hunter2": ["a hunter2", {"n": 4711, "m": 12, "t": True, "z": None}], "k": 1.5}
    assert masker.value(data) == {"***": ["a ***", {"n": "***", "m": 12, "t": True, "z": None}], "k": 1.5}
    assert masker.holds_secret(data)
    assert not masker.holds_secret({"a": [1, "b"]})


def test_a_stream_holds_back_only_what_may_be_the_beginning_of_a_secret() -> None:
    stream = Masker(["secret"]).stream()
    assert stream.feed(b"a line\nsec") == b"a line\n"
    assert stream.feed(b"ond\n") == b"second\n"
    assert stream.feed(b"secre") == b""
    assert stream.feed(b"t!") == b"***!"
    assert stream.close() == b""


def test_without_secrets_everything_passes_as_it_is() -> None:
    masker = Masker()
    assert masker.stream().feed(b"\xff\x00") == b"\xff\x00"
    assert masker.value({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("line", "starred"),
    [
        ("git: https://me:se/cret@host/a.git", "git: https://**********@host/a.git"),
        ("git: https://me:se@cret@host/a.git", "git: https://**********@host/a.git"),
        ("git: https://host:8080/a@b.git", "git: https://host:8080/a@b.git"),
        ("git: https://me:secret@host/a.git", "git: https://*********@host/a.git"),
        ("a ssh://git@host b http://u:p@h", "a ssh://***@host b http://***@h"),
        ("name: a@b", "name: a@b"),
        ("git: 'me:secret@host.org:a/b.git'", "git: '*********@host.org:a/b.git'"),
        ("{git: me:secret@host.org/a/b.git}", "{git: *********@host.org/a/b.git}"),
        ("git@host.org:a/b.git", "git@host.org:a/b.git"),
        ("image: alpine:3.18@sha256:abc", "image: alpine:3.18@sha256:abc"),
    ],
)
def test_the_credentials_of_a_url_become_stars_and_columns_stay(line: str, starred: str) -> None:
    assert star_credentials(line) == starred
    assert len(starred) == len(line)
