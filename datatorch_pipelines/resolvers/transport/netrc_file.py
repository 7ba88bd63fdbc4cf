"""The user's netrc file: a user and a password by the name of a server.

Own code, since what the standard library says of a file that it can't read quotes the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from attrs import define, field, frozen

from datatorch_pipelines.errors import ResolveError

_MOST_BYTES = 1024 * 1024
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)|([^"\s]\S*)')
_ESCAPED = re.compile(r"\\(.)")
_VALUES = ("login", "password", "account")


@define
class Machine:
    """An entry for one server; ``problem`` says what is wrong with it, and at which line."""

    host: str
    line: int
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    problem: tuple[int, str] | None = None


class NetrcSyntaxError(ValueError):
    """A netrc file can't be taken apart. The text says what is wrong and shows nothing of the file."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@frozen
class NetrcLogin:
    """What a netrc file has for a server, and the file's path."""

    path: str
    username: str
    password: str = field(repr=False)


def netrc_login(host: str, username: str | None, environment: Mapping[str, str]) -> NetrcLogin | None:
    """The user and password for a host, out of ``$NETRC``, or else of ``.netrc`` in the user's home folder.

    With ``username``, only of an entry for that user. An entry ``default`` counts for nothing: whoever wrote the
    pipeline chose the host, and would be sent its password. Raises `ResolveError`, which names file and line and shows
    nothing of the file.
    """
    for path in _paths(environment):
        text = _read(path, "NETRC" in environment)
        if text is not None:
            return _chosen(path, text, host.rstrip(".").lower(), username)
    return None


def _paths(environment: Mapping[str, str]) -> list[str]:
    """The files to try in order."""
    if environment.get("NETRC"):
        return [environment["NETRC"]]
    home = os.path.expanduser("~")  # noqa: PTH111  # a home that is not known is no error
    names = (".netrc", "_netrc") if os.name == "nt" else (".netrc",)
    return [] if home == "~" else [os.path.join(home, name) for name in names]  # noqa: PTH118  # as above


def _read(path: str, is_named: bool) -> str | None:
    """The text of a file; ``None`` for one that is not there, unless the environment names it."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ResolveError(f"{path}: this is no netrc file, it is too large", hint="correct it, or set NETRC")
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        if not is_named:
            return None
        reason = error.strerror
    except (OSError, ValueError) as error:
        # A decoding error holds the whole file.
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
    raise ResolveError(f"{path}: the netrc file can't be read: {reason}", hint="correct it, or set NETRC")


def _chosen(path: str, text: str, host: str, username: str | None) -> NetrcLogin | None:
    problem: tuple[int, str] | None = None
    try:
        machines = parse_netrc(text)
    except NetrcSyntaxError as error:
        machines, problem = [], (error.line, error.message)
    for machine in machines:
        if machine.host.lower() == host and (username is None or machine.login == username):
            if machine.problem is None and machine.password is not None:
                return NetrcLogin(path, machine.login or "", machine.password)
            problem = machine.problem or problem
            break
    if problem is not None:
        line, message = problem
        raise ResolveError(f"{path}:{line}: {message}", hint="correct the netrc file, or set NETRC to another")
    return None


def parse_netrc(text: str) -> list[Machine]:
    """The entries of a netrc file, in order, without ``default``.

    Raises `NetrcSyntaxError` for what can't be told apart; what is wrong in one entry is that entry's ``problem``.

    >>> [machine.host for machine in parse_netrc("machine a.example login me password secret")]
    ['a.example']
    """
    machines: list[Machine] = []
    current: Machine | None = None
    words = _words(text)
    for line, word in words:
        if word == "machine":
            current = Machine(_value(words, line, word), line)
            machines.append(current)
        elif word == "default":
            current = Machine("", line)
        elif current is None:
            raise NetrcSyntaxError(line, "an entry is to begin with the word machine")
        elif word in _VALUES:
            value = _value(words, line, word)
            if any(not letter.isprintable() for letter in value):
                current.problem = (line, f"the {word} holds a control character")
            elif word != "account":
                setattr(current, word, value)
        else:
            current.problem = current.problem or (
                line,
                "a word stands where machine, login or password is to; quote a password that holds a space",
            )
    return machines


def _value(words: Iterator[tuple[int, str]], line: int, name: str) -> str:
    found = next(words, None)
    if found is None:
        raise NetrcSyntaxError(line, f"nothing follows the word {name}")
    return found[1]


def _words(text: str) -> Iterator[tuple[int, str]]:
    """The words, each with its line (from 1); comments and macros are left out.

    A ``#`` begins a comment only where a keyword may stand: a password may begin with one.
    """
    is_value = in_macro = False
    for number, line in enumerate(text.split("\n"), 1):
        if in_macro:
            in_macro = bool(line.strip())
            continue
        at = 0
        while at < len(line):
            if line[at].isspace():
                at += 1
                continue
            if line[at] == "#" and not is_value:
                break
            found = _WORD.match(line, at)
            if found is None:
                raise NetrcSyntaxError(number, "a quoted word does not end")
            at = found.end()
            word = found[2] if found[1] is None else _ESCAPED.sub(_unescaped, found[1])
            if word == "macdef" and not is_value:
                in_macro = True
                break
            is_value = not is_value and found[1] is None and word in ("machine", *_VALUES)
            yield number, word


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1])
