"""Action names made to do harm: each told where it stands, none a path, a URL or a word for a shell."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.errors import ActionRefused, ModelError, ResolveError
from datatorch_pipelines.model.reference import ActionObject, ActionReference, ReferenceKind
from datatorch_pipelines.resolvers import GitHubResolver, LocalResolver, Store
from datatorch_pipelines.resolvers.urls import GitUrl

FORMS = "write owner/repo@tag, ./path or local/name@tag"
TAG = "write owner/repo@tag"
LONG = "a name has at most 100 characters"

REFUSED = {
    "x/$(id)": ("'x/$(id)' is no action", FORMS),
    "x/`id`": ("'x/`id`' is no action", FORMS),
    "x/y;id": ("'x/y;id' is no action", FORMS),
    "x/y|id": ("'x/y|id' is no action", FORMS),
    "x/{{ y }}": ("'x/{{ y }}' is no action", FORMS),
    "x/%2e%2e": ("'x/%2e%2e' is no action", FORMS),
    "x/../y": ("'x/../y' is no action", FORMS),
    "x/..": ("'x/..' is no action", FORMS),
    "x/": ("'x/' is no action", FORMS),
    "/x": ("'/x' is no action", "write ./folder, a path that starts at the pipeline file's folder"),
    "x//y": ("'x//y' is no action", FORMS),
    "-x/y": ("'-x/y' is no action", FORMS),
    "x/--upload-pack=y": ("'x/--upload-pack=y' is no action", FORMS),
    "x/" + "y" * 300: (f"'x/{'y' * 75}...' is no action", LONG),
    "y" * 300 + "/x@v1": (f"'{'y' * 77}...' is no action", LONG),
    "d\u0430tatorch/add@v1": (
        "'d\u0430tatorch/add@v1' is no action",
        "its '\u0430' is CYRILLIC SMALL LETTER A: names take A-Z, a-z, 0-9, '.', '_', '-'",
    ),
    "datatorch/\uff41dd@v1": (
        "'datatorch/\uff41dd@v1' is no action",
        "its '\uff41' is FULLWIDTH LATIN SMALL LETTER A: names take A-Z, a-z, 0-9, '.', '_', '-'",
    ),
    "datatorch\u2215add/x@v1": (r"'datatorch" + "\u2215" + "add/x@v1' is no action", FORMS),
    "datatorch/add\u200b@v1": (r"'datatorch/add\u200b@v1' is no action", FORMS),
    "x/y@--upload-pack": ("'--upload-pack' is no tag, branch or commit", TAG),
    "x/y@a..b": ("'a..b' is no tag, branch or commit", TAG),
    "x/y@../../z": ("'../../z' is no tag, branch or commit", TAG),
    "x/y@ref\nwith newline": (r"'ref\nwith newline' is no tag, branch or commit", TAG),
    "x/y@v1\n": (r"'v1\n' is no tag, branch or commit", TAG),
    "x/y@v1\0": (r"'v1\x00' is no tag, branch or commit", TAG),
    "x/y@v1\x1b[2J": (r"'v1\x1b[2J' is no tag, branch or commit", TAG),
    "x/y@v1\u202e": (r"'v1\u202e' is no tag, branch or commit", TAG),
    "x/y@@{-1}": ("'@{-1}' is no tag, branch or commit", TAG),
    "x/y@a@{1}": ("'a@{1}' is no tag, branch or commit", TAG),
    "x/y@v1^{commit}": ("'v1^{commit}' is no tag, branch or commit", TAG),
    "x/y@v1:path": ("'v1:path' is no tag, branch or commit", TAG),
    "x/y@v1~1": ("'v1~1' is no tag, branch or commit", TAG),
    "x/y@a*": ("'a*' is no tag, branch or commit", TAG),
    "x/y@/etc": ("'/etc' is no tag, branch or commit", TAG),
    "x/y@.hidden": ("'.hidden' is no tag, branch or commit", TAG),
    "x/y@" + "z" * 300: (f"'{'z' * 77}...' is no tag, branch or commit", "it has at most 250 characters"),
    "local/../x": ("'local/../x' is no action", FORMS),
    "local/x@../y": ("'../y' is no tag, branch or commit", TAG),
    "./a\0b": (r"'./a\x00b' is no path to an action", "write ./folder"),
    "./a\x1b[2Jb": (r"'./a\x1b[2Jb' is no path to an action", "write ./folder"),
    "./a\u202eb": (r"'./a\u202eb' is no path to an action", "write ./folder"),
    "./a\\..\\b": (r"'./a\\..\\b' is no path to an action", "write ./folder"),
    "https://me:s3cr3t@host/x": (
        "'https://host/x' is no action",
        "name a repository elsewhere by name, tag and git: its URL",
    ),
}


@pytest.mark.parametrize("action", REFUSED)
def test_a_name_that_is_none_is_told_where_it_stands(action: str) -> None:
    text = dtp.Pipeline(name="P", jobs={"j": dtp.Job(steps=[dtp.Step(name="S", action="x/y@v1")])}).to_yaml()
    written = "".join(c if c.isprintable() and c not in '\\"' else f"\\U{ord(c):08x}" for c in action)
    (line,) = [number for number, one in enumerate(text.splitlines(), 1) if "x/y@v1" in one]
    column = text.splitlines()[line - 1].index("x/y@v1") + 1
    (found,) = dtp.check_text(text.replace("x/y@v1", f'"{written}"'), filename="p.yaml")
    assert (found.code, found.message, found.hint) == ("DT208", *REFUSED[action])
    assert (found.line, found.column) == (line, column)
    assert "s3cr3t" not in str(found)
    with pytest.raises(ModelError) as caught:
        ActionReference.parse(action)
    assert caught.value.message == REFUSED[action][0]


@pytest.mark.parametrize("action", ["../../x", "./../../../etc"])
def test_a_path_out_of_the_pipeline_s_folder_is_the_user_s_own_and_must_hold_an_action(
    tmp_path: Path, action: str
) -> None:
    context = ResolveContext(base=tmp_path / "a" / "b" / "c")
    with pytest.raises(ResolveError) as caught:
        asyncio.run(LocalResolver().resolve(ActionReference.parse(action), context))
    assert caught.value.message == f"{action}: {(tmp_path / 'a' / 'b' / 'c' / action).resolve()} does not exist"


def test_a_repository_may_be_written_with_its_git_ending() -> None:
    resolver = GitHubResolver("https://example.org")
    assert resolver._urls("owner/repo.git") == resolver._urls("owner/repo")


@pytest.mark.parametrize("name", ["owner/.git", "owner/..git", "owner/...git"])
def test_a_name_that_is_nothing_but_its_ending_is_refused_before_a_server_is_asked(name: str) -> None:
    text = f"name: P\njobs: {{j: {{steps: [{{name: S, action: {name}@v1}}]}}}}\n"
    (found,) = dtp.check_text(text, filename="p.yaml")
    assert str(found) == f"p.yaml:2:38: error: '{name}' is no repository [DT402]; write owner/repo@tag"


def test_names_that_differ_only_in_case_are_two_repositories(tmp_path: Path) -> None:
    resolver, store = GitHubResolver("https://example.org"), Store(tmp_path)
    places = {store._ref_file(url, "v1") for name in ("Me/Add", "me/add") for (url, *_) in resolver._urls(name)}
    assert len({place.lower() for place in places}) == 2


ODD = st.sampled_from([*"aZ09._-/@~^:?*[]{}\\$()`;|&<>%\"'! \0\n\r\x1b\u202e\u0430\ud800é", "..", ".git", ".lock"])
WORD = st.lists(ODD, max_size=5).map("".join) | st.text("ab.-_", min_size=1, max_size=5)
TEXT = st.builds(lambda *parts: "".join(parts), st.sampled_from(["", "local/", "./", "../"]), WORD)
NAME = (
    st.builds("{}/{}".format, WORD, WORD)
    | st.builds("{}/{}@{}".format, WORD, WORD, WORD)
    | st.builds("local/{}@{}".format, WORD, WORD)
    | TEXT
    | st.text(max_size=20)
)
OBJECT = st.builds(
    ActionObject, name=NAME, tag=WORD, git=st.none() | st.just("https://example.org/a"), file=st.none() | WORD
)
BASES = st.sampled_from(
    ["https://example.org", "https://me@example.org:8443/git/", "ssh://git@example.org/srv", "git://h/a"]
)


def parsed(action: str | ActionObject) -> ActionReference | None:
    """The reference; ``None`` for what is none. Any other error fails the test."""
    try:
        return ActionReference.parse(action)
    except ModelError:
        return None


@given(NAME | OBJECT)
def test_an_accepted_reference_holds_nothing_that_means_something_elsewhere(action: str | ActionObject) -> None:
    reference = parsed(action)
    if reference is None or reference.kind is ReferenceKind.DOCKER:
        return
    parts = reference.name.split("/")
    if reference.kind is not ReferenceKind.PATH:
        assert not {"", ".", ".."} & set(parts)
        assert all(part.isascii() and not part.startswith("-") for part in parts)
    if reference.ref is not None:
        assert not reference.ref.startswith(("-", "/", "."))
        assert not {"", ".", ".."} & set(reference.ref.split("/"))
        reference.ref.encode()
    for text in (reference.name, reference.ref or "", reference.file or ""):
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
    assert ".." not in (reference.file or "").split("/")
    assert not (reference.file or "").startswith("/")


@given(NAME | OBJECT, BASES)
def test_a_github_reference_stays_below_its_server_s_path(action: str | ActionObject, base: str) -> None:
    reference = parsed(action)
    if reference is None or reference.kind is not ReferenceKind.GITHUB:
        return
    resolver = GitHubResolver(base)
    root = resolver._base
    folder = root.path.removesuffix("-")
    try:
        candidates = resolver._urls(reference.name)
    except ActionRefused:
        return
    for url in (url for urls in candidates for url in urls):
        assert (url.scheme, url.host, url.port) == (root.scheme, root.host, root.port)
        path = unquote(url.path)
        assert os.path.normpath(path) == path
        assert path.startswith(folder)
        assert len(PurePosixPath(path.removeprefix(folder)).parts) in (2, 3)


@given(NAME | OBJECT, st.sampled_from(["https://example.org/../a", "https://example.org/a", "git://h/../../etc"]))
def test_what_is_stored_stays_below_the_store(action: str | ActionObject, path: str) -> None:
    reference = parsed(action)
    if reference is None:
        return
    store = Store("/store")
    for url in [GitUrl("https", "../../etc", None, f"/{reference.name}"), GitUrl("file", "", None, path)]:
        found = PurePosixPath(os.path.normpath(store._ref_file(url, reference.ref)))
        assert found.parent == PurePosixPath("/store/refs")
        assert found.name.removesuffix(".json").isalnum()


@settings(max_examples=50)
@given(NAME | OBJECT)
def test_a_local_action_stays_below_its_folder(action: str | ActionObject) -> None:
    reference = parsed(action)
    if reference is None or reference.kind is not ReferenceKind.LOCAL:
        return
    looked: list[str] = []

    class FakeFolder(type(Path())):  # type: ignore[misc]  # the kind of path of this system
        """A folder that notes which folders below it are looked for."""

        def is_dir(self) -> bool:
            looked.append(os.path.normpath(self))
            return False

    context = ResolveContext(local_actions=(FakeFolder("/actions"),))
    with pytest.raises(ResolveError):
        asyncio.run(LocalResolver().resolve(reference, context))
    assert looked
    assert all(path.startswith("/actions/") for path in looked)
