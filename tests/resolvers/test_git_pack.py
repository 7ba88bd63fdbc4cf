"""Packs: what git packs reads back equal, and what is no whole pack is refused, small."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest
from fake_pack_server import number, object_header
from git_servers import commit_files, git, make_repository
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.resolvers import StoreLimits
from datatorch_pipelines.resolvers.objects.pack import BLOB, BrokenPack, PackObjects

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}


def signed(body: bytes) -> bytes:
    return body + hashlib.sha1(body).digest()


def pack(*records: bytes) -> bytes:
    return signed(b"PACK" + (2).to_bytes(4, "big") + len(records).to_bytes(4, "big") + b"".join(records))


def record(kind: int, data: bytes, base: bytes = b"", size: int | None = None) -> bytes:
    return object_header(kind, len(data) if size is None else size) + base + zlib.compress(data)


def real_pack(folder: Path, *options: str) -> bytes:
    """A pack as git makes it, full of deltas."""
    text = "".join(f"line {n}\n" for n in range(500))
    make_repository(folder, {"a": text, "d/b": text + "b"}, tags=["@v1"])
    for n in range(12):
        commit_files(folder, {"a": text.replace(f"line {n * 30}\n", f"changed {n}\n")})
    names = git("rev-list", "--objects", "--all", cwd=folder).splitlines()
    listed = "\n".join(name.split(" ")[0] for name in names).encode() + b"\n"
    command = ["git", "-c", "pack.window=50", "pack-objects", "-q", "--stdout", *options]
    import subprocess

    from git_servers import CLEAN_ENVIRONMENT

    return subprocess.run(command, cwd=folder, env=CLEAN_ENVIRONMENT, input=listed, capture_output=True).stdout


@pytest.mark.parametrize("options", [["--delta-base-offset"], []])
@pytest.mark.parametrize("cache", [64 * 1024 * 1024, 1000])
def test_what_git_packs_reads_back_equal(
    tmp_path: Path, options: list[str], cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datatorch_pipelines.resolvers.objects.pack._CACHE_BYTES", cache)
    objects = PackObjects(real_pack(tmp_path, *options), "sha1", StoreLimits())
    names = [name.split(" ")[0] for name in git("rev-list", "--objects", "--all", cwd=tmp_path).splitlines()]
    for name in names:
        kind, content = objects.get(name.encode())
        assert KINDS[kind] == git("cat-file", "-t", name, cwd=tmp_path)
        prefix = f"{KINDS[kind]} {len(content)}\0".encode()
        assert hashlib.sha1(prefix + content).hexdigest() == name
    assert len(objects.commits_with_prefix(b"")) == 13


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        (b"", "it is not a pack"),
        (b"x" * 100, "it is not a pack"),
        (pack(record(BLOB, b"a"))[:-1], "its checksum is wrong"),
        (pack(record(6, number(1) + number(1) + b"\x01a", b"\x7f")), "based on one that is not there"),
        (pack(record(7, number(1) + number(1) + b"\x01a", b"\1" * 20)), "based on one that is not there"),
        (pack(record(5, b"a")), "an object has an unknown kind"),
        (pack(object_header(BLOB, 0)[:0] + b"\xbf" + b"\xff" * 20 + b"\x01"), "an object's size is no number"),
        (pack(record(6, b"x", b"\xff" * 1_000_000)), "an object's size is no number"),
        (pack(record(BLOB, b"a"), record(6, b"\x80" * 100_000, number(10))), "an object's size is no number"),
        (pack(record(BLOB, b"a"), record(6, b"\x01", number(10))), "an object's size is no number"),
        (pack(record(BLOB, b"a"), record(6, number(2) + number(1) + b"\x01a", number(10))), "does not fit the one"),
        (pack(record(6, number(1) + number(1) + b"\x01a", number(0))), "an object can't be unpacked"),
        (pack(object_header(BLOB, 4) + b"junk"), "an object can't be unpacked"),
    ],
)
def test_what_is_no_whole_pack_is_refused(contents: bytes, text: str) -> None:
    with pytest.raises(BrokenPack, match=text):
        PackObjects(contents, "sha1", StoreLimits())


def test_an_object_that_is_larger_than_it_says_is_not_unpacked() -> None:
    with pytest.raises(BrokenPack, match="an object can't be unpacked"):
        PackObjects(pack(record(BLOB, b"x" * 10_000_000, size=10)), "sha1", StoreLimits())


def test_an_object_that_says_it_is_huge_is_not_unpacked() -> None:
    with pytest.raises(ActionRefused, match="an object of 4294967296 bytes is larger than the 268435456"):
        PackObjects(pack(record(BLOB, b"x", size=2**32)), "sha1", StoreLimits())


def test_a_delta_that_makes_much_of_little_is_refused() -> None:
    base = record(BLOB, b"x" * 65536)
    delta = number(65536) + number(65536 * 5000) + b"\x80" * 5000
    with pytest.raises(ActionRefused, match="an object of 327680000 bytes is larger"):
        PackObjects(pack(base, record(6, delta, number(len(base)))), "sha1", StoreLimits())


def test_a_pack_of_too_many_objects_is_refused_before_it_is_read() -> None:
    contents = signed(b"PACK" + (2).to_bytes(4, "big") + (2**32 - 1).to_bytes(4, "big") + record(BLOB, b"a"))
    with pytest.raises(ActionRefused) as caught:
        PackObjects(contents, "sha1", StoreLimits())
    assert caught.value.message == "it has more than 1000000 objects in git"
    assert caught.value.hint == "StoreLimits(max_objects=...) of the resolver allows more"


def chain(length: int, size: int) -> bytes:
    """A pack whose every object is a delta of the one before: all of that, and one byte that tells them apart."""
    records, start = [record(BLOB, b"x" * size)], 12
    positions = [start]
    for n in range(length):
        start += len(records[-1])
        copied = b"\xf0" + (size - 1).to_bytes(3, "little")
        delta = number(size) + number(size) + copied + b"\x01" + bytes([n % 251])
        records.append(record(6, delta, distance(start - positions[-1])))
        positions.append(start)
    return pack(*records)


def distance(value: int) -> bytes:
    """How far back the base of a delta is, as packs have it."""
    out = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def test_a_chain_of_ten_thousand_deltas_is_read() -> None:
    contents = pack(*_growing(10_000))
    objects = PackObjects(contents, "sha1", StoreLimits())
    last = hashlib.sha1(b"blob 10001\0" + b"x" * 10_001).hexdigest().encode()
    assert objects.get(last) == (BLOB, b"x" * 10_001)


def _growing(length: int) -> list[bytes]:
    """A file of one byte, and deltas that each add one."""
    records = [record(BLOB, b"x")]
    for size in range(1, length + 1):
        delta = number(size) + number(size + 1) + b"\xb0" + size.to_bytes(2, "little") + b"\x01x"
        records.append(record(6, delta, distance(len(records[-1]))))
    return records


def test_a_chain_of_deltas_that_do_not_fit_in_memory_is_refused_when_it_takes_too_much_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datatorch_pipelines.resolvers.objects.pack._CACHE_BYTES", 1)
    objects = PackObjects(chain(50, 1000), "sha1", limits := StoreLimits(max_unpacked_bytes=60_000))
    with pytest.raises(ActionRefused) as caught:
        list(map(objects.get, reversed(list(objects._offsets))))
    assert caught.value.message == "its objects in git take too much work to unpack"
    assert caught.value.hint == "StoreLimits(max_unpacked_bytes=...) of the resolver allows more"
    assert objects._work <= 9 * limits.max_unpacked_bytes


def test_reading_a_pack_can_be_ended() -> None:
    class Enough(Exception):
        """Nobody wants it any more."""

    def check() -> None:
        raise Enough

    with pytest.raises(Enough):
        PackObjects(pack(record(BLOB, b"a")), "sha1", StoreLimits(), check)


@given(data=st.data())
def test_a_damaged_pack_is_refused_or_whole(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    blobs = [record(BLOB, b"one" * 50), record(BLOB, b"two")]
    contents = bytearray(pack(*blobs)[:-20])
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(4, len(contents) - 1))] = data.draw(st.integers(0, 255))
    try:
        objects = PackObjects(signed(bytes(contents)), "sha1", StoreLimits(max_unpacked_bytes=10_000_000))
    except (BrokenPack, ActionRefused):
        return
    for sha in list(objects._offsets):
        kind, content = objects.get(sha)
        assert hashlib.sha1(f"{KINDS[kind]} {len(content)}\0".encode() + content).hexdigest().encode() == sha


def test_a_chain_of_tiny_deltas_that_are_made_again_and_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datatorch_pipelines.resolvers.objects.pack._CACHE_BYTES", 1)
    monkeypatch.setattr("datatorch_pipelines.resolvers.objects.pack.MOST_CACHED", 1)
    objects = PackObjects(pack(*_growing(99)), "sha1", StoreLimits(max_objects=100))
    with pytest.raises(ActionRefused) as caught:
        list(map(objects.get, reversed(list(objects._offsets))))
    assert caught.value.message == "its objects in git take too much work to unpack"
    assert caught.value.hint == "StoreLimits(max_objects=...) of the resolver allows more"
