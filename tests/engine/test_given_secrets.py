"""The secrets that a pipeline uses are there before anything runs, or nothing does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import datatorch_pipelines as dtp

SECRETS = """\
name: S
jobs:
  a:
    steps:
      - run: echo "$A $B $C"
        env:
          A: ${{ secrets.one }}
          B: ${{ secrets.Two || 'none' }}
          C: ${{ secrets.ONE }}
      - run: echo never
        if: secrets.three != ''
  b:
    needs: a
    steps: [{run: "true", env: {D: "${{ secrets.four }}"}}]
"""


def refusal(**arguments: object) -> list[str]:
    with pytest.raises(dtp.PlanError) as refused:
        dtp.loads(SECRETS, filename="s.yaml").run(**arguments)  # type: ignore[arg-type]
    return [str(item) for item in refused.value.diagnostics]


def test_each_secret_that_is_needed_and_not_given_is_told_once_at_its_first_place(tmp_path) -> None:
    assert refusal(directory=tmp_path / "runs") == [
        "s.yaml:7:26: error: the secret 'one' is not given [DT417]; "
        "give it as secrets={'one': ...} or, on the command line, by --secret one",
        "s.yaml:14:49: error: the secret 'four' is not given [DT417]; "
        "give it as secrets={'four': ...} or, on the command line, by --secret four",
    ]
    assert not (tmp_path / "runs").exists()


def test_a_plan_names_what_is_missing_and_is_made_all_the_same() -> None:
    plan = dtp.loads(SECRETS, filename="s.yaml").plan(secrets={"FOUR": "4444"})
    assert [(item.code, item.line, item.column) for item in plan.missing] == [("DT417", 7, 26)]


def test_jobs_that_are_not_selected_need_no_secret() -> None:
    assert dtp.loads(SECRETS, filename="s.yaml").plan(job="b").missing[0].line == 14


def test_a_provider_is_asked_once_for_each_name_that_the_pipeline_uses() -> None:
    asked: list[str] = []

    def provider(name: str) -> str | None:
        asked.append(name)
        return {"one": "1111", "four": "4444"}.get(name)

    result = dtp.loads(SECRETS).run(secrets=provider)
    assert result.succeeded
    assert sorted(asked) == ["Two", "four", "one", "three"]
    assert result.jobs["a"].steps[0].log == "*** none ***\n"


async def _asynchronous(name: str) -> str:
    return name


def _raises(_name: str) -> str:
    raise RuntimeError("the vault says: s3cr3t")


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (lambda _name: 7, "the provider of secrets gave no text for 'one' but what is of the type int"),
        (_raises, "the provider of secrets raised RuntimeError for 'one'"),
        (
            _asynchronous,
            "the provider of secrets gave no text for 'one' but what is of the type coroutine; "
            "an asynchronous function can't be one",
        ),
        (["one"], "secrets is of the type list; give texts by name, or a function of a name"),
    ],
)
def test_a_provider_that_can_not_be_one_refuses_the_run(provider: Callable[[str], str], message: str) -> None:
    pipeline = dtp.loads("{name: S, jobs: {a: {steps: [{run: 'true', env: {A: '${{ secrets.one }}'}}]}}}")
    with pytest.raises(dtp.PipelinesError) as refused:
        pipeline.run(secrets=provider)
    assert str(refused.value) == message
    assert refused.value.__context__ is None  # what was raised may hold the secret


def test_a_provider_can_not_give_secrets_that_are_not_named() -> None:
    pipeline = dtp.loads(
        "name: S\njobs:\n  a: {steps: [{run: 'true', env: {A: '${{ toJSON(secrets) }}'}}]}\n", filename="s.yaml"
    )
    with pytest.raises(dtp.PlanError) as refused:
        pipeline.run(secrets=lambda name: name)
    assert [str(item) for item in refused.value.diagnostics] == [
        "s.yaml:3:50: error: a provider of secrets is asked for each by its name, and none is named here [DT417]; "
        "name the secret as secrets.NAME, or give the secrets as a mapping"
    ]
