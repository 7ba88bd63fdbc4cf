"""The words that are given to docker's command line, and what is refused before it is called."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from datatorch_pipelines._containers import ContainerSettings, is_dead, owner
from datatorch_pipelines.contracts import JobSpec
from datatorch_pipelines.errors import RunnerError, RunnerUnavailable
from datatorch_pipelines.runners import DockerRunner
from datatorch_pipelines.runners.docker.client import client_of, one_line
from datatorch_pipelines.runners.docker.containers import JobContainer, container_name, run_words
from datatorch_pipelines.runners.docker.runner import default_image
from datatorch_pipelines.runtimes import DockerRuntime

HOLD = "echo ready; while read -r line; do :; done"


def test_a_jobs_container_is_started_by_these_words() -> None:
    settings = ContainerSettings(
        user="1000:1000", network="none", cpus=1.5, memory="2g", gpus="all", options=["--shm-size=1g", "--read-only"]
    )
    assert run_words("python:3.12", settings, name="n", job=JobSpec(run_id="r", job_id="j", name="J")) == (
        "run", "--interactive", "--rm", "--pull=never", "--name=n",
        f"--label=datatorch-pipelines.owner={owner()}",
        "--label=datatorch-pipelines.run=r", "--label=datatorch-pipelines.job=j",
        "--init", "--user=1000:1000", "--network=none", "--cpus=1.5", "--memory=2g", "--gpus=all",
        "--shm-size=1g", "--read-only",
        "--entrypoint=sh", "python:3.12", "-c", HOLD,
    )  # fmt: skip


def test_a_kept_container_is_not_removed_and_says_so() -> None:
    words = run_words(
        "i", ContainerSettings(init=False), name="n", job=JobSpec(run_id="r", job_id="j", name="J", keep=True)
    )
    assert words == (
        "run", "--interactive", "--pull=never", "--name=n",
        f"--label=datatorch-pipelines.owner={owner()}",
        "--label=datatorch-pipelines.run=r", "--label=datatorch-pipelines.job=j",
        "--label=datatorch-pipelines.kept=yes",
        "--entrypoint=sh", "i", "-c", HOLD,
    )  # fmt: skip


def test_a_containers_name_tells_its_job_and_is_one_for_docker_whatever_the_ids_are() -> None:
    job = JobSpec(run_id="20260101-ab", job_id="--priv ileged/ü." + "x" * 200, name="j")
    first, second = container_name(job), container_name(job)
    assert first != second
    assert first.startswith("datatorch-20260101-ab---priv-ileged-.xxx")
    assert len(first) == len("datatorch-") + 80 + 9


@pytest.mark.parametrize("image", ["", "--privileged", "Upper", "a b", "a\nb", "$(id)", "docker://a", "a;b", None, 3])
def test_what_is_no_image_is_refused_and_never_an_option(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not image:  # then the default counts, which comes from the environment
        monkeypatch.setenv("DATATORCH_PIPELINES_DOCKER_IMAGE", "--privileged")
        image = "--privileged"
    with pytest.raises(RunnerError) as caught:
        DockerRunner(image)
    assert str(caught.value) == f"{image!r} is no container image; name it as docker does: name:tag in lower case"


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(RunnerError, match=r"^pull is 'sometimes'; give one of missing, always, never$"):
        DockerRunner("a", pull="sometimes")  # type: ignore[arg-type]  # what a caller may do


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"docker": []}, "docker is []; give a program's name, or a list with a text for each word"),
        ({"docker": ""}, "docker is ''; give a program's name, or a list with a text for each word"),
        ({"docker": 5}, "docker is 5; give a program's name, or a list with a text for each word"),
        ({"options": [5]}, "options is [5]; give a list with a text for each word"),
        ({"options": 5}, "options is 5; give a list with a text for each word"),
        ({"user": ["me"]}, "user is ['me']; give what 'docker run --user' takes"),
        ({"cpus": True}, "cpus is True; give what 'docker run --cpus' takes"),
    ],
)
@pytest.mark.parametrize("kind", [DockerRunner, DockerRuntime])
def test_arguments_of_another_type_are_refused(kind: type, options: dict[str, object], message: str) -> None:
    with pytest.raises(RunnerError) as caught:
        kind(**options)
    assert str(caught.value) == message


def test_variables_to_forward_are_named_one_by_one_or_as_a_list() -> None:
    assert DockerRunner("a", forward_env="HOME")._forward_env == {"HOME"}
    with pytest.raises(RunnerError) as caught:
        DockerRunner("a", forward_env=5)  # type: ignore[arg-type]  # what a caller may do
    assert str(caught.value) == "forward_env is 5; give a list of names"


def test_users_sizes_and_processors_may_be_numbers() -> None:
    settings = ContainerSettings(user=1000, memory=1 << 30, gpus=1)
    assert settings.words() == ("--init", "--user=1000", "--memory=1073741824", "--gpus=1")


def test_the_image_is_the_one_that_the_environment_names_else_one_of_this_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATATORCH_PIPELINES_DOCKER_IMAGE", raising=False)
    assert default_image().startswith("python:3.")
    assert default_image().endswith("-slim")
    monkeypatch.setenv("DATATORCH_PIPELINES_DOCKER_IMAGE", "mine:1")
    assert repr(DockerRunner()) == "DockerRunner('mine:1')"


def test_a_command_line_is_one_word_or_several() -> None:
    assert client_of("podman").words == ("podman",)
    assert client_of(["sudo", "docker"]).words == ("sudo", "docker")


def test_a_process_is_dead_only_where_that_is_known() -> None:
    machine, pid, start = owner().rsplit("/", 2)
    with subprocess.Popen(["true"]) as child:
        pass
    assert pid == str(os.getpid())
    assert is_dead(f"{machine}/{child.pid}/{start}")
    assert is_dead(f"{machine}/{pid}/{int(start) + 1}")
    for label in (
        owner(), f"{machine}/{pid}/", f"{machine}/1/", f"x{machine}/{child.pid}/{start}", f"{machine}/0/1",
        f"{machine}/-1/1", f"{machine}/{10**30}/1", f"{machine}/x/1", f"{machine}/{child.pid}", machine, "", "/", "//",
    ):  # fmt: skip
        assert not is_dead(label), label


def test_what_docker_complains_of_is_one_line_without_advice_on_its_use() -> None:
    said = "docker: no such thing.\n\nRun 'docker run --help' for more information\n"
    assert one_line(said) == "docker: no such thing."
    assert one_line("Error: a\nSee 'docker run --help'.\n") == "Error: a"
    assert one_line("invalid a\n\nUsage:  docker run [OPTIONS]\n\nRun 'docker run --help'\n") == "invalid a"


def test_an_engine_that_does_not_answer_is_told_by_its_own_words(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\ncase $1 in info) echo 'ERROR: no' && echo 'errors pretty printing info' >&2;;"
        " *) echo 'Cannot connect to it' >&2;; esac\nexit 1\n"
    )
    docker.chmod(0o755)
    with pytest.raises(RunnerUnavailable) as caught:
        asyncio.run(DockerRunner("tool:1", docker=str(docker)).open())
    assert str(caught.value) == (
        "the container engine can't be reached: Cannot connect to it; start it, or name another one by DOCKER_HOST; "
        f"'{docker} version' has to succeed"
    )


def test_a_command_line_that_is_not_there_is_told() -> None:
    with pytest.raises(RunnerError) as caught:
        asyncio.run(DockerRunner("tool:1", docker=["no-such-docker"]).open())
    assert str(caught.value) == (
        "the program 'no-such-docker' is not installed or not on PATH; install it, or name another command line by "
        "docker=[...]"
    )


def test_a_container_that_is_being_made_is_ended_to_the_end_however_often_that_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []

    async def work() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def end(container: JobContainer) -> None:
            begun.set()
            await go_on.wait()
            await container._holder.end((), grace=0)
            ended.append(container.name)

        monkeypatch.setattr(JobContainer, "end", end)
        never_ready = client_of(["sh", "-c", "read -r line", "docker"])
        job = JobSpec(run_id="r", job_id="j", name="J")
        making = asyncio.ensure_future(JobContainer.start(never_ready, "i", ContainerSettings(), job))
        await asyncio.sleep(0)  # it waits for the container from here on
        making.cancel()
        await begun.wait()
        making.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(work())
    assert len(ended) == 1
