"""A fix leaves every other byte as it was: files of many styles, a slip of the fingers in each, and back."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.resolvers.asking.listing import RemoteRefs
from datatorch_pipelines.resolvers.refs import is_full_commit
from datatorch_pipelines.syntax.files import decode_text, encode_like

SLIPS = [
    ("jobs", "jbos"),
    ("steps", "stesp"),
    ("timeout", "tiemout"),
    ("needs", "neeeds"),
    ("outputs", "ouptuts"),
    ("event", "evnt"),
    ("contains", "contians"),
    ("Count Files", "Cuont Files"),
    ("projectId", "projctId"),
]
COMMENTS = ["", "  # a comment: with 'quotes' and a #", " # 注释 stesp jbos"]


@st.composite
def styles(draw: st.DrawFn) -> str:
    """A pipeline without mistakes, written in one of many ways."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    unit = " " * draw(st.integers(1, 5))
    dash = draw(st.sampled_from(["", unit]))

    def comment() -> str:
        return draw(st.sampled_from(COMMENTS))

    def key(name: str) -> str:
        quote = draw(st.sampled_from(["", "'", '"']))
        return f"{quote}{name}{quote}{draw(st.sampled_from(['', ' ']))}:"

    def scalar(text: str, indent: str) -> str:
        style = draw(st.sampled_from(["'", '"', ">", "|", ">-", "|+"]))
        if style in ("'", '"'):
            doubled = text.replace("'", "''") if style == "'" else text
            return f"{style}{doubled}{style}{comment()}"
        return f"{style}{comment()}{end}{indent}{text}"

    inner = unit * 3 + dash
    step = draw(st.sampled_from([".Count Files", "['Count Files']"]))
    value = f"${{{{ contains(steps{step}.outputs.total, event.id) }}}} 数"
    lines = [
        f"{comment().lstrip()}",
        f"{key('name')} P{comment()}",
        f"{key('jobs')}{comment()}",
        f"{unit}{key('loader')} {{ {key('steps')} [ {{ run: 'x' }} ] , {key('timeout')} 5 }}{comment()}",
        f"{unit}add:{comment()}",
        f"{unit * 2}{key('needs')} [loader]{comment()}",
        f"{unit * 2}{key('outputs')} {{t: {draw(st.sampled_from(['x', '1']))}}}{comment()}",
        f"{unit * 2}{key('steps')}{comment()}",
        "",
        f"{unit * 2}{dash}- name: Count Files{comment()}",
        f"{unit * 2}{dash}  run: echo{comment()}",
        f"{unit * 2}{dash}- {key('run')} echo{comment()}",
        f"{unit * 2}{dash}  {key('timeout')} 10{comment()}",
        f"{unit * 2}{dash}  env:{comment()}",
        f"{unit * 2}{dash}    A: {scalar(value, inner + '         ')}",
        f"{unit * 2}{dash}    B: {scalar('${{ pipeline.projectId }}', inner + '         ')}",
    ]
    return end.join(lines) + draw(st.sampled_from(["", end, end + end]))


@given(styles(), st.sampled_from(["", "utf-8-sig", "utf-16-le", "utf-16-be"]), st.data())
def test_a_slip_is_mended_to_the_very_bytes_that_were_there(text: str, mark: str, data: st.DataObject) -> None:
    assert dtp.check_text(text) == []
    original = {
        "": b"",
        "utf-8-sig": b"\xef\xbb\xbf",
        "utf-16-le": b"\xff\xfe",
        "utf-16-be": b"\xfe\xff",
    }[mark]
    right = encode_like(text, original)
    name, wrong = data.draw(st.sampled_from(SLIPS))
    places = [start for start in range(len(text)) if text.startswith(name, start) and not _is_free(text, start, name)]
    start = data.draw(st.sampled_from(places))
    spoilt = text[:start] + wrong + text[start + len(name) :]
    assert dtp.check_text(spoilt) != []
    fixed = dtp.fix_text(decode_text(encode_like(spoilt, original), "pipeline.yaml"))
    assert encode_like(fixed.after, original) == right
    assert fixed.left == ()
    assert not dtp.fix_text(fixed.after).changed


def _is_free(text: str, start: int, name: str) -> bool:
    """Whether no slip there has a fix: in a comment, in the name that references are to, before a name with a space,

    which only ``steps`` may have.
    """
    if text.startswith("steps.Count", start):
        return True
    line = text[max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1 : start]
    return "#" in line or (name == "Count Files" and "name:" in line)


class Listed(dtp.Resolver):
    """A resolver that knows one repository, without a server."""

    def matches(self, reference: dtp.ActionReference) -> bool:
        return reference.name == "acme/add"

    async def resolve(self, reference: dtp.ActionReference, context: object) -> dtp.ResolvedAction:
        raise NotImplementedError

    async def refs(self, reference: dtp.ActionReference, context: object) -> RemoteRefs:
        tags = {"v1": "1" * 40, "v1.2.3": "a" * 40, "v2": "2" * 39 + "f"}
        return RemoteRefs("https://example.org/acme/add", {"main": "b" * 40}, tags, "main", "b" * 40)


@st.composite
def steps(draw: st.DrawFn) -> str:
    """A pipeline whose steps name an action in many ways."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))

    def step() -> str:
        tag = draw(st.sampled_from(["v1", "v1.2.3", "v2", "main", "latest", "1" * 40, "a" * 40]))
        quote = draw(st.sampled_from(["", "'", '"']))
        after = draw(st.sampled_from(["", "  ", " # why", f" # {tag}", "   #  v1  ", " # 数"]))
        text = f"{quote}acme/add@{tag}{quote}"
        unsafe = quote == "" and tag.isdigit()
        written = f"'{tag}'" if unsafe else f"{quote}{tag}{quote}"
        return draw(
            st.sampled_from(
                [
                    f"action: {text}{after}",
                    f"{{action: {text} }}{after}",
                    f"{{ action: {text}, name: a }}{after}",
                    f"{{action: {text},{after}{end}      name: a}}",
                    f"action: {{name: acme/add, tag: {written}}}{after}",
                    f"action:{after}{end}        tag: {written}{after}{end}        name: acme/add",
                    f"action: >-{after}{end}        acme/add@{tag}",
                    f"action: |-{after}{end}        acme/add@{tag}",
                    f'"action" : "acme\\u002fadd@{tag}"{after}',
                    f"run: echo acme/add@{tag}{after}",
                ]
            )
        )

    lines = ["name: P", "jobs:", "  a:", "    steps:", *(f"    - {step()}" for _ in range(draw(st.integers(1, 4))))]
    return end.join(lines) + draw(st.sampled_from(["", end]))


@given(steps(), st.sampled_from(["", "\ufeff"]))
def test_pinning_changes_tags_and_their_comments_alone(text: str, mark: str) -> None:
    pinned = _rewritten(mark + text, dtp.pin)
    assert pinned.before == text
    assert pinned.failures == ()
    assert _messages(pinned.after) == _messages(text)
    assert _without_tags(pinned.after) == _without_tags(text)
    before, after = dtp.loads(text).jobs["a"].steps, dtp.loads(pinned.after).jobs["a"].steps
    for old, new in zip(before, after, strict=True):
        assert evolve(new, action=None, run="x") == evolve(old, action=None, run="x")
        if old.reference is not None and new.reference is not None:
            assert new.reference.name == old.reference.name
            assert is_full_commit(new.reference.ref)
    assert not _rewritten(pinned.after, dtp.pin).changed


@given(steps())
def test_upgrading_changes_tags_and_their_comments_alone(text: str) -> None:
    upgraded = _rewritten(text, dtp.upgrade)
    assert upgraded.failures == ()
    assert _messages(upgraded.after) == _messages(text)
    assert _without_tags(upgraded.after) == _without_tags(text)
    assert not _rewritten(upgraded.after, dtp.upgrade).changed


def _rewritten(text: str, function: Callable[..., dtp.Pinned]) -> dtp.Pinned:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.yaml")
        path.write_bytes(text.encode())
        return function(path, resolvers=[Listed()])


def _messages(text: str) -> list[str]:
    return [item.message for item in dtp.check_text(text)]


def _without_tags(text: str) -> str:
    """A text without the tags and commits that are in question, and without comments that are one."""
    tags = r"(?:v1(?:\.2\.3)?|v2|main|latest|1{40}|a{40}|b{40}|2{39}f)"
    text = re.sub(rf" # {tags}(?=[ \t]*(?:[\r\n]|$))|(?<=#  ){tags}", "", text)
    return re.sub(rf"(?<=@){tags}|(?<=tag: )(['\"]?){tags}\1", "TAG", text)
