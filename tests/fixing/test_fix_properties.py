"""A fix leaves every other byte as it was: files of many styles, a slip of the fingers in each, and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
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
