"""Real servers behind a proxy that is rude at one byte, and servers that lie. Many more bytes: `tests/integration`."""

from __future__ import annotations

import hashlib
import random
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_servers import CLEAN_ENVIRONMENT, git, make_repository
from rude_checks import Spoilt, check, spoilable
from rude_servers import CAPABILITIES, Rudeness, advertised, banded, lying_server, packet

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionRefused, FetchFailed, ResolveError
from datatorch_pipelines.resolvers import GitResolver, Store, StoreLimits

Resolve = Callable[..., ResolvedAction]


@pytest.fixture(scope="module", params=["git", "http"])
def spoilt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoilt]:
    root = tmp_path_factory.mktemp("rude") / "served"
    root.mkdir()
    with spoilable(root, request.param) as found:
        yield found


@pytest.mark.parametrize("how", [Rudeness.CUT, Rudeness.FLIP, Rudeness.STALL])
def test_whatever_happens_at_a_byte_nothing_wrong_is_kept(spoilt: Spoilt, tmp_path: Path, how: Rudeness) -> None:
    offsets = [0, spoilt.length - 30, *random.Random(how.name).sample(range(spoilt.length), 2)]
    texts = [check(spoilt, how, at, Store(tmp_path / str(number))) for number, at in enumerate(offsets)]
    if how is Rudeness.STALL:
        # A server that stalls after the last byte that is wanted does no harm.
        assert set(texts) <= {"", "{url} did not answer in time; try again later"}
    assert texts[0]


def pack(*records: bytes, count: int | None = None) -> bytes:
    """A pack of these records, which says that it has so many."""
    body = b"PACK" + (2).to_bytes(4, "big") + (len(records) if count is None else count).to_bytes(4, "big")
    body += b"".join(records)
    return body + hashlib.sha1(body).digest()


def record(kind: int, content: bytes, *, size: int | None = None) -> bytes:
    """An object of a pack, which says that it has this size."""
    size = len(content) if size is None else size
    out, byte = bytearray(), kind << 4 | size & 15
    size >>= 4
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    out.append(byte)
    return bytes(out) + zlib.compress(content)


def named(kind: str, content: bytes) -> bytes:
    """The raw id of an object."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).digest()


BLOB = b"name: Add\n"
TREE = b"100644 action-datatorch.yaml\0" + named("blob", BLOB)
COMMIT = b"tree " + named("tree", TREE).hex().encode() + b"\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n"
SHA = named("commit", COMMIT).hex().encode()
OTHER = COMMIT + b"other\n"
RECORDS = (record(1, COMMIT), record(2, TREE), record(3, BLOB))
REFS = advertised((SHA, b"HEAD"), (SHA, b"refs/tags/v1"))


@pytest.fixture
def told(store: Store, resolve: Resolve) -> Callable[..., str]:
    """What is said of a server that answers so; nothing is in the store then."""

    def refusal(answer: bytes, error: type[ResolveError] = FetchFailed, *, refs: bytes = REFS, **more: object) -> str:
        with lying_server(refs, answer, shallow=SHA) as url:
            with pytest.raises(error) as caught:
                resolve(GitResolver(store, **more), {"name": "me/a", "tag": "v1", "git": url})  # type: ignore[arg-type]
            text = str(caught.value)
        assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []
        assert text.isprintable()
        assert text.startswith("me/a@v1: ")
        return text.removeprefix("me/a@v1: ").replace(url, "{url}")

    return refusal


def test_a_server_that_tells_the_truth_is_believed(store: Store, resolve: Resolve) -> None:
    with lying_server(REFS, banded(1, pack(*RECORDS)) + b"0000", shallow=SHA) as url:
        assert resolve(GitResolver(store), {"name": "me/a", "tag": "v1", "git": url}).commit == SHA.decode()


BROKEN = "{url} sent a broken pack: "
LATER = "; try again later"


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        (pack(*RECORDS[:2], record(3, BLOB, size=11)), BROKEN + "an object can't be unpacked" + LATER),
        (pack(*RECORDS[:2], record(3, BLOB, size=9)), BROKEN + "an object can't be unpacked" + LATER),
        (pack(*RECORDS, count=4), None),
        (pack(*RECORDS, count=2), None),
        (pack(*RECORDS, count=0), None),
        (pack(*RECORDS)[:-1] + b"\0", BROKEN + "its checksum is wrong" + LATER),
        (pack(*RECORDS)[:40], BROKEN + "its checksum is wrong" + LATER),
        (pack(record(1, OTHER), *RECORDS[1:]), None),
        (pack(RECORDS[0], RECORDS[2]), None),
        (pack(*RECORDS[:2], record(3, b"name: Sub\n")), None),
        (b"", None),
        (b"PACK", None),
    ],
)
def test_a_pack_that_is_not_what_it_says_is_broken(told: Callable[..., str], contents: bytes, text: str | None) -> None:
    said = told(banded(1, contents) + b"0000")
    assert said == text if text else said.startswith(BROKEN) and said.endswith(LATER)


def test_sizes_that_pass_the_limits_are_refused_before_they_are_made(told: Callable[..., str]) -> None:
    huge = pack(*RECORDS[:2], record(3, BLOB, size=2**40))
    assert told(banded(1, huge) + b"0000", ActionRefused).startswith(
        "{url}: an object of 1099511627776 bytes is larger than the 268435456 that are allowed; "
    )
    assert told(banded(1, pack(*RECORDS, count=2**32 - 1)) + b"0000", ActionRefused).startswith(
        "{url}: it has more than 1000000 objects in git; "
    )


@pytest.mark.parametrize(
    "length", [b"-001", b"+00f", b"0x1f", b"fff", b"ffff", b"0002", b"0003", b"zzzz", b" 12 ", b"\x1b[2J"]
)
def test_a_length_that_is_none_ends_it(told: Callable[..., str], length: bytes) -> None:
    for said in (told(length), told(b"", refs=length), told(banded(1, pack(*RECORDS)[:50]) + length)):
        assert said.startswith(("{url} does not speak git as expected: ", "{url} broke off; "))


def test_refs_without_end_are_cut_off(told: Callable[..., str]) -> None:
    lines = packet(SHA + b" refs/tags/v1\0" + CAPABILITIES + b"\n") + packet(SHA + b" refs/heads/main\n") * 20_000
    text = "{url}: the server sends more than the 100000 bytes allowed"
    assert told(b"", ActionRefused, refs=lines, limits=StoreLimits(max_received_bytes=100_000)).startswith(text)


@pytest.mark.parametrize("name", [b"refs/tags/\x1b]0;evil\x07", b"refs/tags/../../x", b"x" * 3000, b"\xff\xfe"])
def test_names_that_git_does_not_allow_are_passed_over(
    store: Store, resolve: Resolve, told: Callable[..., str], name: bytes
) -> None:
    refs = advertised((SHA, name), (SHA, b"refs/tags/v1"))
    with lying_server(refs, banded(1, pack(*RECORDS)) + b"0000", shallow=SHA) as url:
        assert resolve(GitResolver(store), {"name": "me/a", "tag": "v1", "git": url}).commit == SHA.decode()


@pytest.mark.parametrize("line", [b"", b"\n", b" ", b"justone", SHA, SHA + b" "])
def test_a_line_that_is_no_ref_ends_it(told: Callable[..., str], line: bytes) -> None:
    refs = packet(SHA + b" HEAD\0" + CAPABILITIES) + packet(line) + b"0000"
    assert told(b"", ResolveError, refs=refs).startswith("{url} ")


ESCAPES = b"\x1b[2J\x1b]0;evil\x07\xc2\x9b31mI am\r\nyou\xe2\x80\xae\xff"


def test_what_a_server_says_besides_reaches_nobody_raw(
    store: Store, resolve: Resolve, told: Callable[..., str], warnings: list[str]
) -> None:
    noisy = banded(2, ESCAPES) + banded(1, pack(*RECORDS)) + banded(2, ESCAPES) + b"0000"
    with lying_server(REFS, noisy, shallow=SHA) as url:
        resolve(GitResolver(store), {"name": "me/a", "tag": "v1", "git": url})
    assert warnings == []


def test_a_server_s_own_words_are_shown_plain_and_short(told: Callable[..., str]) -> None:
    for answer in (banded(3, ESCAPES + b"x" * 5000), packet(b"ERR " + ESCAPES + b"x" * 5000)):
        said = told(answer + b"0000")
        assert said.startswith("{url} ")
        assert len(said) < 300
    said = told(b"", refs=packet(b"ERR " + ESCAPES))
    assert said == "{url} does not speak git as expected: [2J ]0;evil 31mI am you �; is the URL right?"


@pytest.mark.parametrize("channel", [0, 4, 255])
def test_an_unknown_channel_ends_it(told: Callable[..., str], channel: int) -> None:
    said = told(banded(channel, pack(*RECORDS)) + b"0000")
    assert said == f"{{url}} does not speak git as expected: Invalid sideband channel {channel}; is the URL right?"


def test_a_real_pack_of_another_commit_is_no_answer(root: Path, told: Callable[..., str]) -> None:
    make_repository(root / "other", {"action-datatorch.yaml": "name: Other\n"})
    names = git("rev-list", "--objects", "--all", cwd=root / "other").splitlines()
    listed = "\n".join(name.split(" ")[0] for name in names).encode() + b"\n"
    command = ["git", "pack-objects", "-q", "--stdout"]
    done = subprocess.run(command, cwd=root / "other", env=CLEAN_ENVIRONMENT, input=listed, capture_output=True)
    assert told(banded(1, done.stdout) + b"0000") == BROKEN + "what it names is missing" + LATER
