"""What OpenSSH prints when it fails, as printed by its versions 7 to 9, and what is told of it."""

from __future__ import annotations

import pytest

from datatorch_pipelines.errors import AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.resolvers.transport.ssh_failures import ssh_failure
from datatorch_pipelines.resolvers.urls import parse_git_url

URL = parse_git_url("git@example.org:me/add.git")
UNKNOWN = "the ssh host key of example.org is not known; run `ssh example.org` once, or add its key to known_hosts"


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        (["Host key verification failed."], AuthenticationFailed, UNKNOWN),
        (
            [
                "No ED25519 host key is known for example.org and you have requested strict checking.",
                "Host key verification failed.",
            ],
            AuthenticationFailed,
            UNKNOWN,
        ),
        (
            ["@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", "Host key verification failed."],
            AuthenticationFailed,
            "example.org has another ssh host key than the one that is known for it: somebody may be in between; "
            "if its key was changed on purpose, replace it in known_hosts",
        ),
        (
            ["Welcome!", "git@example.org: Permission denied (publickey,password)."],
            AuthenticationFailed,
            "ssh://example.org/~/me/add.git refused the ssh key; can `ssh example.org` log in to it?",
        ),
        (
            ["Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures"],
            AuthenticationFailed,
            "ssh://example.org/~/me/add.git refused the ssh key; can `ssh example.org` log in to it?",
        ),
        (
            ["bash: line 1: git-upload-pack: command not found"],
            FetchFailed,
            "example.org has no git; install git there",
        ),
        (["sh: 1: git-upload-pack: not found"], FetchFailed, "example.org has no git; install git there"),
        (["zsh:1: command not found: git-upload-pack"], FetchFailed, "example.org has no git; install git there"),
        (
            ["'git-upload-pack' is not recognized as an internal or external command,"],
            FetchFailed,
            "example.org has no git; install git there",
        ),
        (
            ["ssh: connect to host example.org port 22: Connection timed out"],
            FetchFailed,
            "ssh://example.org did not answer the call in time; is it online?",
        ),
        (
            ["ssh: connect to host example.org port 22: No route to host\r"],
            FetchFailed,
            "ssh://example.org can't be reached: No route to host; is it online?",
        ),
        (
            ["ssh: Could not resolve hostname example.org: Name or service not known"],
            FetchFailed,
            "ssh://example.org can't be reached: Name or service not known; is it online?",
        ),
        (
            ["Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. Their offer: ssh-dss"],
            FetchFailed,
            "ssh://example.org can't be reached: Unable to negotiate with 192.0.2.1 port 22: "
            "no matching host key type found. Their offer: ssh-dss; is it online?",
        ),
        (
            ["kex_exchange_identification: Connection closed by remote host"],
            FetchFailed,
            "ssh://example.org/~/me/add.git broke off; try again later",
        ),
        (
            ["Connection to example.org closed by remote host."],
            FetchFailed,
            "ssh://example.org/~/me/add.git broke off; try again later",
        ),
    ],
)
def test_what_ssh_says_has_one_meaning(said: list[str], error: type[ResolveError], text: str) -> None:
    found = ssh_failure(URL, [line.encode() for line in said])
    assert (type(found), str(found)) == (error, text)


@pytest.mark.parametrize(
    "said", [[], ["Welcome to example.org"], ["fatal: '/srv/none' does not appear to be a git repository"]]
)
def test_what_is_not_ssh_s_own_has_no_meaning_here(said: list[str]) -> None:
    assert ssh_failure(URL, [line.encode() for line in said]) is None


def test_the_port_is_part_of_what_to_do() -> None:
    found = ssh_failure(parse_git_url("ssh://git@[::1]:2222/a"), [b"Host key verification failed."])
    assert found is not None
    assert found.hint == "run `ssh -p 2222 ::1` once, or add its key to known_hosts"
