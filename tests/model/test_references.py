"""How an action is named: every form, every refusal, and what must never be shown."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model import ActionObject, ActionReference, ReferenceKind
from datatorch_pipelines.model.reference import action_object, hide_credentials


@pytest.mark.parametrize(
    ("text", "kind", "name", "ref"),
    [
        ("datatorch/add@v1", ReferenceKind.GITHUB, "datatorch/add", "v1"),
        ("datatorch/add", ReferenceKind.GITHUB, "datatorch/add", None),
        ("datatorch/add@latest", ReferenceKind.GITHUB, "datatorch/add", "latest"),
        ("a-b/c.d_e@feature/x-1", ReferenceKind.GITHUB, "a-b/c.d_e", "feature/x-1"),
        ("a/b@0a1b2c3", ReferenceKind.GITHUB, "a/b", "0a1b2c3"),
        ("local/tool@v1", ReferenceKind.LOCAL, "tool", "v1"),
        ("local/tool", ReferenceKind.LOCAL, "tool", None),
        ("./path", ReferenceKind.PATH, "./path", None),
        ("../up/path", ReferenceKind.PATH, "../up/path", None),
        (".", ReferenceKind.PATH, ".", None),
        ("docker://alpine:3", ReferenceKind.DOCKER, "alpine:3", None),
        ("docker://host:5000/x/y@sha256:ab", ReferenceKind.DOCKER, "host:5000/x/y@sha256:ab", None),
    ],
)
def test_a_text_is_read(text: str, kind: ReferenceKind, name: str, ref: str | None) -> None:
    reference = ActionReference.parse(text)
    assert reference == ActionReference(kind, name, ref)
    assert str(reference) == (f"local/{name}@{ref}" if kind is ReferenceKind.LOCAL and ref else text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the action is empty; write owner/repo@tag"),
        ("add@1", "the action 'add@1' has no owner; write owner/add@1"),
        ("add", "the action 'add' has no owner; write owner/add"),
        ("a/b@", "the tag after the '@' of 'a/b@' is missing; write owner/repo@tag"),
        ("a/b @v1", "'a/b @v1' is no action; write a/b@v1"),
        ("a/b#v1.2", "'a/b#v1.2' is no action; write a/b@v1.2"),
        ("https://github.com/a/b.git", "'https://github.com/a/b.git' is no action; write a/b@tag"),
        ("https://me:word@github.com/a/b@v1", "'https://github.com/a/b@v1' is no action; write a/b@v1"),
        ("git@github.com:a/b", "'git@github.com:a/b' is no action; write a/b@tag"),
        (
            "https://me:word@example.org/a.git",
            "'https://example.org/a.git' is no action; name a repository elsewhere by name, tag and git: its URL",
        ),
        ("a/b@--upload-pack=x", "'--upload-pack=x' is no tag, branch or commit; write owner/repo@tag"),
        ("a/b@x..y", "'x..y' is no tag, branch or commit; write owner/repo@tag"),
        ("a/b@x y", "'x y' is no tag, branch or commit; write owner/repo@tag"),
        ("a/b@x\ny", "'x\\ny' is no tag, branch or commit; write owner/repo@tag"),
        ("a/b@x.lock", "'x.lock' is no tag, branch or commit; write owner/repo@tag"),
        ("a/../b@v1", "'a/../b@v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("a/..@v1", "'a/..@v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("-x/y@v1", "'-x/y@v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("a/b;rm -rf @v1", "'a/b;rm -rf @v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("a/$(x)@v1", "'a/$(x)@v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("local/../x@v1", "'local/../x@v1' is no action; write owner/repo@tag, ./path or local/name@tag"),
        ("/etc/passwd", "'/etc/passwd' is no action; write ./folder, a path that starts at the pipeline file's folder"),
        ("./a\x00b", "'./a\\x00b' is no path to an action; write ./folder"),
        (".\\a/b", "'.\\\\a/b' is no action; write ./folder, a path that starts at the pipeline file's folder"),
        ("docker://", "'' is no container image; write docker://image:tag, the image in lower case"),
        ("docker://-v/x", "'-v/x' is no container image; write docker://image:tag, the image in lower case"),
        ("${{ x }}", "the action '${{ x }}' has no owner; write owner/repo@tag"),
    ],
)
def test_a_text_of_the_wrong_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        ActionReference.parse(text)
    assert str(caught.value) == message


def test_an_object_names_a_repository_anywhere() -> None:
    url = "https://example.org/b.git"
    reference = ActionReference.parse({"name": "a/b", "tag": "v1", "git": url, "file": "x/action.yaml"})
    assert reference == ActionReference(ReferenceKind.GIT, "a/b", "v1", url, "x/action.yaml")


def test_an_object_without_a_url_means_github_or_a_local_action() -> None:
    assert ActionReference.parse({"name": "a/b", "tag": "v1"}) == ActionReference(ReferenceKind.GITHUB, "a/b", "v1")
    local = ActionReference.parse(ActionObject("local/x", "v1"))
    assert local == ActionReference(ReferenceKind.LOCAL, "x", "v1")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"name": "a/b"}, "an action object needs 'tag'; both name and tag are required"),
        ({"tag": "v1"}, "an action object needs 'name'; both name and tag are required"),
        (
            {"name": "a/b", "tag": "v", "url": ""},
            "unknown key 'url' in an action object; it takes name, tag, git and file",
        ),
        ({"name": "a/b", "tag": 1.0}, "'tag' of an action object must be a string; write tag: \"1.0\""),
        ({"name": None, "tag": "v1"}, "'name' of an action object must be a string"),
        ({"name": "b", "tag": "v1"}, "the action 'b' has no owner; write owner/b"),
        ({"name": "./b", "tag": "v1"}, "'./b' is no owner/repo; give the repository's URL as git"),
        ({"name": "a/b@v1", "tag": "v1"}, "'a/b@v1' is no owner/repo; give the repository's URL as git"),
        ({"name": "a/b", "tag": "-x"}, "'-x' is no tag, branch or commit; write owner/repo@tag"),
        ({"name": "a/b", "tag": "v1", "file": "../x"}, "'../x' is no path inside a repository; write a relative path"),
        ({"name": "a/b", "tag": "v1", "file": "/x"}, "'/x' is no path inside a repository; write a relative path"),
        ({"name": "a/b", "tag": "v1", "git": "x y"}, "git of an action object is no URL; write https://host/path.git"),
    ],
)
def test_an_object_of_the_wrong_form_is_refused(value: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        ActionReference.parse(value)
    assert str(caught.value) == message


def test_the_default_branch_is_meant_by_no_ref_and_by_latest() -> None:
    assert ActionReference.parse("a/b").follows_default_branch
    assert ActionReference.parse("a/b@latest").follows_default_branch
    assert not ActionReference.parse("a/b@v1").follows_default_branch
    assert not ActionReference.parse("./a").follows_default_branch


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@example.org/b.git",
        "https://me:a@secret@example.org/b.git",
        "https://me:secret/a@example.org/b.git",
        "me:secret@example.org:b.git",
        "https:/me:secret@example.org/b.git",
    ],
)
def test_user_and_password_are_never_shown(url: str) -> None:
    made = action_object({"name": "a/b", "tag": "v1", "git": url})
    reference = ActionReference.parse(made)
    for shown in (repr(made), repr(reference), str(reference), hide_credentials(url)):
        assert "secret" not in shown
        assert "me:" not in shown
    assert made.git == url
    assert pickle.loads(pickle.dumps(made)) == made


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab1/@.-_:~ \\\n$;{}[]?*^\x00é"), max_size=15) | st.text(max_size=15))
def test_a_text_is_a_reference_or_a_model_error(text: str) -> None:
    try:
        reference = ActionReference.parse(text)
    except ModelError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert "\n" not in refusal
    if refusal:
        return
    if reference.kind in (ReferenceKind.GITHUB, ReferenceKind.LOCAL):
        assert ActionReference.parse(str(reference)) == reference
        assert not any(part in ("", ".", "..") or part.startswith("-") for part in reference.name.split("/"))
        assert not (reference.ref or "").startswith("-")
