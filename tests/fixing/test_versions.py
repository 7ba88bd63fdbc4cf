"""The newest tag, in the order of versions."""

from __future__ import annotations

import itertools

import pytest

from datatorch_pipelines.fixing.versions import Version, newest_tag

TAGS = ["v1", "v1.0", "v1.0.0", "v2", "v2.1", "v2.1.3", "v10", "v10.0", "v10.0.1", "v11.0.0-rc1"]


@pytest.mark.parametrize(
    ("current", "tags", "newest"),
    [
        ("v1", TAGS, "v10"),
        ("v1.0", TAGS, "v10.0"),
        ("v2.1.3", TAGS, "v10.0.1"),
        ("1", TAGS, "v10"),
        ("v10", TAGS, "v10"),
        ("v10.0", TAGS, "v10.0"),
        ("v12", TAGS, "v12"),
        ("v10.0.0", TAGS, "v10.0.1"),
        ("v1", ["v1", "v2.0.0", "v3.1.4"], "v3.1.4"),
        ("v1", ["v1", "v1.5.0"], "v1"),
        ("v1.2", ["v1.2", "v1.2.5"], "v1.2"),
        ("v1.2.3", ["v1.2.3", "v2"], "v2"),
        ("v1", ["1", "2", "v2"], "v2"),
        ("1.0", ["v1.0", "v2.0", "2.0"], "2.0"),
        ("v11.0.0-rc1", [*TAGS, "v11.0.0-rc2", "v11.0.0-rc10"], "v11.0.0-rc10"),
        ("v11.0.0-rc1", [*TAGS, "v11.0.0-rc2", "v11.0.0"], "v11.0.0"),
        ("v1.0.0-alpha", ["v1.0.0-beta"], "v1.0.0-beta"),
        ("v1.0.0-beta1", ["v1.0.0-alpha2"], "v1.0.0-beta1"),
        ("add-v1", ["add-v2", "v9", "sub-v8"], "add-v2"),
        ("v1", ["add-v2"], "v1"),
        ("v1", [], "v1"),
        ("v3", ["v3", "20241105", "2024.1"], "v3"),
        ("2024.1", ["2024.1", "2024.11", "v9"], "2024.11"),
        ("2024-01-31", ["2024-01-31", "2024-11-05", "2023-12-31"], "2024-11-05"),
        ("v1.0.post1", ["v1.0", "v1.0.post1"], "v1.0.post1"),
        ("v1.0.post1", ["v1.0", "v1.0.post1", "v1.0.post2"], "v1.0.post2"),
        ("v1", ["v1.2.3"], "v1"),
        ("v1", ["v1.2.3", "v2.0.0"], "v2.0.0"),
        ("main", TAGS, None),
        ("stable-2", ["v9"], "stable-2"),
    ],
)
def test_a_tag_is_upgraded_to_the_newest_one_as_precise_as_it_is(
    current: str, tags: list[str], newest: str | None
) -> None:
    assert newest_tag(current, tags) == newest


@pytest.mark.parametrize("tag", ["", "v", "v1#x", "v1 ", "1: 2", "v1'", "v1}", "$(x)", "v1\n", "٣", "1.2.3.4.5", "vv1"])
def test_what_could_be_more_than_a_tag_is_no_version(tag: str) -> None:
    assert Version.parse(tag) is None


def test_versions_are_ordered_as_semantic_versioning_has_it() -> None:
    tags = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    tags += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "11.0.0"]
    versions = [Version.parse(tag) for tag in tags]
    for earlier, later in itertools.pairwise(versions):
        assert earlier is not None
        assert later is not None
        assert later.is_newer(earlier)
