"""What has a fix, what the fix writes, and what has none because more than one thing could be meant."""

from __future__ import annotations

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import check_pipeline
from datatorch_pipelines.fixing.mending import mend
from datatorch_pipelines.syntax import read_action

PIPELINE = """\
name: P
jobs:
  load:
    outputs: {x: "1"}
    steps:
      - run: echo
  add:
    needs: load
    outputs:
      total: ${{ steps.Count Files.outputs.total }}
    steps:
      - name: Count Files
        run: echo
        timeout: 10
        continue-on-error: true
      - run: echo
        if: ${{ contains(event.name, 'x') }}
        env:
          A: '${{ event.id }}-${{ pipeline.projectId }}'
          B: "${{ needs.load.outputs.x }}"
          C: >-
            ${{ steps['Count Files'].outputs.total }}
    env:
      X: a
triggers:
  annotatorButton: {name: b, flow: 2-points}
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("name: P\n", "nmae: P\n"),
        ("jobs:", "job:"),
        ("steps:\n      - run: echo\n  add", "stesp:\n      - run: echo\n  add"),
        ("needs: load", "need: load"),
        ("outputs:\n      total", "'otuputs':\n      total"),
        ("        timeout", "        tiemout"),
        ("continue-on-error", "continue_on_error"),
        ("event.id", "evnt.id"),
        ("pipeline.projectId", "pipeline.projctId"),
        ("contains(", "contians("),
        ("needs.load.", "needs.laod."),
        ("steps.Count Files", "steps.Cuont Files"),
        ("['Count Files']", "['Count Flies']"),
        ("outputs.total }}\n    steps", "ouputs.total }}\n    steps"),
        ("2-points", "2-point"),
        ("annotatorButton", "annotatorbutton"),
        ("timeout: 10", "timeout: '10'"),
        ("continue-on-error: true", "continue-on-error: yes"),
    ],
)
def test_a_mistake_with_one_meaning_is_fixed_and_nothing_else_is_touched(right: str, wrong: str) -> None:
    assert PIPELINE.count(right) == 1
    text = PIPELINE.replace(right, wrong)
    fixed = dtp.fix_text(text, filename="P.yaml")
    expected = PIPELINE.replace("'otuputs'", "'outputs'")
    assert fixed.after.replace("'outputs':", "outputs:") == expected
    assert fixed.left == ()
    assert not dtp.fix_text(fixed.after, filename="P.yaml").changed


@pytest.mark.parametrize(
    "text",
    [
        # The right key stands there already, or two keys could become it.
        "name: P\njobs: {a: {steps: [{run: x}], stesp: [{run: y}]}}\n",
        "name: P\njobs: {a: {stesp: [{run: x}], setps: [{run: y}]}}\n",
        # Two steps are about as near; digits are no slip of a finger.
        "name: P\njobs: {a: {steps: [{id: tall, run: x}, {id: ball, run: x},\n"
        "  {run: x, env: {A: '${{ steps.call.outputs.x }}'}}]}}\n",
        "name: P\njobs: {a: {steps: [{id: step1, run: x}, {run: x, env: {A: '${{ steps.step2.outputs.x }}'}}]}}\n",
        # Written with escapes, or over two lines.
        'name: P\njobs: {a: {"st\\u0065sp": [{run: x}]}}\n',
        # The right key may stand where nothing could be read.
        "name: P\njobs:\n  a:\n    stesp: [{run: x}]\n    env: {A: b\n",
        # No pipeline at all, by the look of it.
        "services: {web: {image: x}}\n",
        # A function of another language.
        "name: P\njobs: {a: {steps: [{run: x, env: {A: '${{ substring(event.x, 1) }}'}}]}}\n",
        # What other tools call it is more than a misspelling.
        "name: P\njobs: {a: {steps: [{uses: a/b@v1}]}}\n",
        # Text without quotes.
        "name: P\njobs: {a: {steps: [{run: x, env: {A: '${{ evnt }}'}}]}}\n",
        # A number is no boolean, and 1_0 no number.
        "name: P\njobs: {a: {steps: [{run: x, timeout: '1_0'}]}}\n",
        # An alias: what is to be changed stands elsewhere.
        "name: P\nenv: {A: &x ruff}\njobs: {a: {steps: [{run: x, shell: x}]}, b: {*x : [{run: x}]}}\n",
    ],
)
def test_what_could_be_meant_in_two_ways_is_left_alone(text: str) -> None:
    fixed = dtp.fix_text(text)
    assert fixed.after == text
    assert fixed.applied == ()
    assert fixed.left != ()


@pytest.mark.parametrize(
    ("filename", "before", "after"),
    [
        ("add.yaml", "# first\njobs: {}\n", "# first\nname: add\njobs: {}\n"),
        ("add.yaml", "---\r\njobs: {}\r\n", "---\r\nname: add\r\njobs: {}\r\n"),
        ("add.yaml", "  jobs: {}\n  env: {}\n", "  name: add\n  jobs: {}\n  env: {}\n"),
        ("add.yaml", "{jobs: {}}", '{name: "add", jobs: {}}'),
        ("add.json", '{"jobs": {}}', '{"name": "add", "jobs": {}}'),
        ("ä b.json", '{\n\t"jobs": {}\n}', '{\n\t"name": "ä b",\n\t"jobs": {}\n}'),
        ("1.0.yaml", "jobs: {}", 'name: "1.0"\njobs: {}'),
        ("yes.yaml", "jobs: {}", 'name: "yes"\njobs: {}'),
        ("a #b.yaml", "jobs: {}", 'name: "a #b"\njobs: {}'),
        ("/some/folder/train-model.yml", "jobs: {}", "name: train-model\njobs: {}"),
    ],
)
def test_a_missing_name_is_the_file_s(filename: str, before: str, after: str) -> None:
    fixed = dtp.fix_text(before, filename=filename)
    assert fixed.after == after
    assert [item.code for item in fixed.applied] == ["DT201"]


@pytest.mark.parametrize("text", ["? jobs\n: {}\n", "&a jobs: {}\n", "--- {jobs: {}}\n", "{}", ""])
def test_where_the_first_key_does_not_begin_its_line_no_name_is_put(text: str) -> None:
    fixed = dtp.fix_text(text, filename="add.yaml")
    assert fixed.after in (text, '--- {name: "add", jobs: {}}\n')


@pytest.mark.parametrize(
    ("git", "after"),
    [
        ("git://github.com/a/b", "https://github.com/a/b"),
        ("git://me:geheim@www.github.com:9418/a/b.git", "https://me:geheim@www.github.com/a/b.git"),
        ("GIT://github.com/a/b", "https://github.com/a/b"),
        ("git://github.com:1234/a/b", None),
        ("git://example.org/a/b", None),
    ],
)
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_what_github_no_longer_serves_is_asked_for_by_https(git: str, after: str | None, quote: str) -> None:
    text = f"name: P\njobs: {{a: {{steps: [{{action: {{name: a/b, tag: v1, git: {quote}{git}{quote}}}}}]}}}}\n"
    fixed = dtp.fix_text(text)
    assert fixed.after == text.replace(git, after or git)
    assert "geheim" not in fixed.diff()
    assert all("geheim" not in str(item.fix) and "geheim" not in str(item) for item in fixed.applied)


def test_misspelt_names_of_an_action_s_inputs_are_fixed() -> None:
    action, _ = read_action(
        "name: add\ninputs: {first: {type: integer, required: true}, label: {type: string}}\n"
        "outputs: {total: {type: integer}}\nruns: {using: cmd, command: echo}\n",
        "action-datatorch.yaml",
    )
    assert action is not None
    text = (
        "name: P\njobs:\n  a:\n    steps:\n      - {id: add, action: ./add, inputs: {frist: 1, lable: x}}\n"
        "      - {run: echo, env: {T: '${{ steps.add.outputs.totla }}'}}\n"
    )
    mended = mend(text, lambda text: check_pipeline(dtp.loads(text), actions={("a", 0): action}))
    assert mended.text == text.replace("frist", "first").replace("lable", "label").replace("totla", "total")
    assert [item.code for item in mended.applied] == ["DT403", "DT405", "DT412"]
    assert mended.left == ()


@pytest.mark.parametrize(
    ("given", "after"), [("PNG", "png"), ('"jpg"', '"jpeg"'), ("gif", "gif"), ("${{ 'PNG' }}", "${{ 'PNG' }}")]
)
def test_a_misspelt_option_is_fixed(given: str, after: str) -> None:
    action, _ = read_action(
        "name: a\ninputs: {format: {options: [png, jpeg]}}\nruns: {using: cmd, command: echo}\n",
        "action-datatorch.yaml",
    )
    assert action is not None
    text = f"name: P\njobs:\n  a:\n    steps:\n      - action: ./a\n        inputs:\n          format: {given}\n"
    mended = mend(text, lambda text: check_pipeline(dtp.loads(text), actions={("a", 0): action}))
    assert mended.text == text.replace(given, after)


def test_an_action_file_is_fixed_too() -> None:
    text = "name: add\ninputs: {a: {tpye: strng}}\nruns: {using: pyhton, mian: add.py}\n"
    fixed = dtp.fix_text(text, filename="action-datatorch.yaml")
    assert fixed.after == "name: add\ninputs: {a: {type: string}}\nruns: {using: python, main: add.py}\n"
    assert fixed.left == ()


def test_mistakes_behind_mistakes_are_fixed_in_one_call() -> None:
    text = "jobs: {a: {stesp: [{id: one, run: x}, {run: x, env: {A: '${{ setps.oen.otputs.x }}'}}]}}\n"
    fixed = dtp.fix_text(text, filename="p.yaml")
    assert fixed.after == (
        "name: p\njobs: {a: {steps: [{id: one, run: x}, {run: x, env: {A: '${{ steps.one.outputs.x }}'}}]}}\n"
    )
    assert fixed.left == ()


def test_one_mistake_that_many_places_share_is_fixed_once() -> None:
    text = "name: P\njobs:\n  a: &job\n    steps: [{run: x, tiemout: 1}]\n  b: *job\n  c: *job\n"
    fixed = dtp.fix_text(text)
    assert fixed.after == text.replace("tiemout", "timeout")
    assert fixed.left == ()
