"""Git over a real sshd: keys, hosts, configuration, and what is told when something of it is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from git_servers import free_port, git, make_repository
from ssh_server import SshServer, can_serve_ssh, ssh_server

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store, Timeouts, list_refs

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not can_serve_ssh(), reason="OpenSSH's sshd and ssh are not installed"),
]
ACTION = {"action-datatorch.yaml": "name: Add\n"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("sshd"), settings=["AcceptEnv GIT_PROTOCOL"]) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_repository(tmp_path / "served" / "add", ACTION, tags=["v1"])
    return tmp_path / "served" / "add"


def resolve(store: Path, url: str, options: Sequence[str], **more: object) -> ResolvedAction:
    resolver = GitResolver(Store(store), ssh_command=["ssh", *options], **more)  # type: ignore[arg-type]
    reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": url})
    return asyncio.run(resolver.resolve(reference, ResolveContext()))


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[..., str]:
    """What is said of a URL that gives nothing; nothing is left of it."""

    def told(error: type[ResolveError], url: str, options: Sequence[str], **more: object) -> str:
        with pytest.raises(error) as caught:
            resolve(tmp_path / "store", url, options, **more)
        assert [*tmp_path.glob("store/entries/*"), *tmp_path.glob("store/temp/*")] == []
        assert_no_children()
        return str(caught.value)

    return told


def assert_no_children() -> None:
    """No child of this process is left, not even one that ended and was not waited for."""
    names = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
            names += [name] if int(rest.split()[1]) == os.getpid() else []
    assert "ssh" not in names


def test_a_key_that_is_refused_is_told(server: SshServer, path: Path, refusal: Callable[..., str]) -> None:
    text = refusal(AuthenticationFailed, f"{server.url}{path}", server.options(key="stranger"))
    assert text == (
        f"me/add@v1: {server.url}{path} refused the ssh key; can `ssh -p {server.port} 127.0.0.1` log in to it?"
    )


@pytest.mark.parametrize("strict", ["yes", "ask"])
def test_a_host_key_that_is_not_known_is_told_with_what_to_do(
    server: SshServer, path: Path, refusal: Callable[..., str], strict: str
) -> None:
    options = ["-o", f"StrictHostKeyChecking={strict}", *server.options(known="nobody")]
    assert refusal(AuthenticationFailed, f"{server.url}{path}", options) == (
        f"me/add@v1: the ssh host key of 127.0.0.1:{server.port} is not known; "
        f"run `ssh -p {server.port} 127.0.0.1` once, or add its key to known_hosts"
    )
    assert (server.folder / "nobody").read_text() == ""


def test_a_host_key_that_changed_is_told_as_what_it_may_be(
    server: SshServer, path: Path, refusal: Callable[..., str]
) -> None:
    assert refusal(AuthenticationFailed, f"{server.url}{path}", server.options(known="other")) == (
        f"me/add@v1: 127.0.0.1:{server.port} has another ssh host key than the one that is known for it: "
        "somebody may be in between; if its key was changed on purpose, replace it in known_hosts"
    )


def test_a_host_key_that_is_not_known_never_counts_as_a_hidden_repository(server: SshServer, tmp_path: Path) -> None:
    resolver = GitHubResolver(
        f"{server.url}{tmp_path}", store=Store(tmp_path / "store"), ssh_command=["ssh", *server.options(known="nobody")]
    )
    with pytest.raises(AuthenticationFailed, match="is not known; run `ssh"):
        asyncio.run(resolver.resolve(ActionReference.parse("me/add@v1"), ResolveContext()))


def test_a_server_that_does_not_run_is_told(path: Path, refusal: Callable[..., str]) -> None:
    port = free_port()
    assert refusal(FetchFailed, f"ssh://127.0.0.1:{port}{path}", ["-F", "none"]) == (
        f"me/add@v1: ssh://127.0.0.1:{port} can't be reached: Connection refused; is it online?"
    )


def test_a_host_that_is_not_known_is_told(refusal: Callable[..., str]) -> None:
    text = refusal(FetchFailed, "git@nowhere.invalid:me/add.git", ["-F", "none"])
    assert text.startswith("me/add@v1: ssh://nowhere.invalid can't be reached: ")
    assert text.endswith("; is it online?")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ('PATH=/nonexistent; eval "$SSH_ORIGINAL_COMMAND"', "me/add@v1: {host} has no git; install git there"),
        (
            "echo Welcome, $(printf '\\033')[31mfriend; eval \"$SSH_ORIGINAL_COMMAND\"",
            "me/add@v1: {url} says something before it speaks git: 'Welcome, \\x1b[31mfriend'; "
            "the start-up files of the shell there must print nothing",
        ),
        ("exit 0", "me/add@v1: {url} broke off; try again later"),
        (
            "printf '\\033[31mNo access\\nsecond\\n' >&2; exit 1",
            "me/add@v1: {url} does not speak git as expected: [31mNo access; second; is the URL right?",
        ),
    ],
)
def test_what_is_wrong_over_there_is_told(
    tmp_path: Path, path: Path, refusal: Callable[..., str], command: str, text: str
) -> None:
    script = tmp_path / "force.sh"
    script.write_text(command + "\n")
    with ssh_server(tmp_path / "sshd", settings=[f"ForceCommand /bin/sh {script}"]) as server:
        said = refusal(FetchFailed, f"{server.url}{path}", server.options())
        host, url = f"127.0.0.1:{server.port}", f"{server.url}{path}"
    assert said == text.format(host=host, url=url)


def test_a_missing_repository_is_told_whatever_the_banner_says(
    tmp_path: Path, path: Path, refusal: Callable[..., str]
) -> None:
    (tmp_path / "banner").write_text("Permission denied\nUnauthorised access is not found funny\n")
    with ssh_server(tmp_path / "sshd", settings=[f"Banner {tmp_path}/banner"]) as server:
        assert resolve(tmp_path / "other", f"{server.url}{path}", server.options()).commit is not None
        text = refusal(ActionNotFound, f"{server.url}{path}x", server.options())
    assert text == f"me/add@v1: there is no git repository at {server.url}{path}x; is the name right?"


@pytest.mark.parametrize("name", ["it's", "$(touch evil)", "`touch evil`", "a;touch evil", "a&b|c", "ü x", "!x"])
def test_a_path_reaches_the_server_as_it_is(server: SshServer, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "served" / name
    commit = make_repository(folder, ACTION, tags=["v1"])
    url = f"{server.url}{folder}".replace(" ", "%20")
    assert resolve(tmp_path / "store", url, server.options()).commit == commit
    assert not Path.home().joinpath("evil").exists()


def test_a_person_s_ssh_configuration_counts(server: SshServer, tmp_path: Path, path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"Host work\n  HostName 127.0.0.1\n  Port {server.port}\n  IdentityFile {server.folder}/user\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {server.folder}/known\n  SetEnv LC_TEST=1\n"
    )
    commit = git("rev-parse", "HEAD", cwd=path)
    for url in (f"ssh://work{path}", f"work:{path}"):
        assert resolve(tmp_path / "store", url, ["-F", str(config)]).commit == commit


def test_an_agent_s_key_is_used_and_the_agent_not_lent(tmp_path: Path, path: Path) -> None:
    seen, script = tmp_path / "seen", tmp_path / "force.sh"
    script.write_text(f'echo "agent=$SSH_AUTH_SOCK protocol=$GIT_PROTOCOL" > {seen}; eval "$SSH_ORIGINAL_COMMAND"\n')
    settings = [f"ForceCommand /bin/sh {script}", "AcceptEnv GIT_PROTOCOL"]
    with ssh_server(tmp_path / "sshd", settings=settings) as server, agent(tmp_path / "socket") as variables:
        subprocess.run(["ssh-add", "-q", server.folder / "user"], env={**os.environ, **variables}, check=True)
        config = tmp_path / "config"
        config.write_text(
            f"Host *\n  ForwardAgent yes\n  IdentityAgent {variables['SSH_AUTH_SOCK']}\n  IdentityFile none\n"
            f"  UserKnownHostsFile {server.folder}/known\n"
        )
        assert resolve(tmp_path / "store", f"{server.url}{path}", ["-F", str(config)]).commit is not None
    assert seen.read_text() == "agent= protocol=version=2\n"


@contextlib.contextmanager
def agent(socket: Path) -> Iterator[dict[str, str]]:
    """An ssh-agent without keys; gives the variables that lead to it."""
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield {"SSH_AUTH_SOCK": str(socket)}
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_branches_and_tags_are_listed(server: SshServer, path: Path) -> None:
    git("tag", "-a", "v2", "-m", "v2", cwd=path)
    commit = git("rev-parse", "HEAD", cwd=path)
    reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": f"{server.url}{path}"})
    resolver = GitResolver(ssh_command=["ssh", *server.options()])
    refs = asyncio.run(list_refs([resolver], reference, ResolveContext()))
    assert (refs.tags, refs.branches, refs.default_branch) == ({"v1": commit, "v2": commit}, {"main": commit}, "main")
    assert_no_children()


def _stalling(tmp_path: Path) -> tuple[list[str], Path]:
    """Options by which ssh talks to a program that never answers, and the pipe that it says its number to."""
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    script = tmp_path / "stall.sh"
    script.write_text(f"echo $$ > {pipe}\nsleep 1000 & wait\n")
    return ["-F", "none", "-o", f"ProxyCommand=/bin/sh {script}"], pipe


def assert_ended(number: int) -> None:
    """Waits until a process, which is nobody's child here, has ended."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(number)
        try:
            import select

            assert select.select([descriptor], [], [], 10)[0]
        finally:
            os.close(descriptor)


def test_cancelling_ends_ssh_and_what_it_started(tmp_path: Path) -> None:
    options, pipe = _stalling(tmp_path)
    store = Store(tmp_path / "store")

    async def run() -> int:
        resolver = GitResolver(store, ssh_command=["ssh", *options])
        reference = ActionReference.parse({"name": "me/add", "tag": "v1", "git": "git@example.org:me/add.git"})
        task = asyncio.create_task(resolver.resolve(reference, ResolveContext()))
        number = int(await asyncio.to_thread(pipe.read_text))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return number

    assert_ended(asyncio.run(run()))
    assert_no_children()
    assert list((store.root / "temp").iterdir()) == []


@pytest.mark.parametrize(
    ("timeouts", "text"),
    [
        (Timeouts(idle=0.3), "did not answer in time; try again later"),
        (Timeouts(total=0.3), "took longer than 0.3 seconds; try again later"),
    ],
)
def test_a_server_that_says_nothing_is_given_up_with_all_that_ssh_started(
    tmp_path: Path, refusal: Callable[..., str], timeouts: Timeouts, text: str
) -> None:
    options, pipe = _stalling(tmp_path)
    descriptor = os.open(pipe, os.O_RDWR)  # so that the script's `echo` waits for nobody
    said = refusal(FetchFailed, "git@example.org:me/add.git", options, timeouts=timeouts)
    number = int(os.read(descriptor, 100))
    os.close(descriptor)
    assert said == f"me/add@v1: ssh://example.org/~/me/add.git {text}"
    assert_ended(number)
