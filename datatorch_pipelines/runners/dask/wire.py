"""What travels between a client and its workers, through the scheduler."""

from __future__ import annotations

from attrs import field, frozen

from datatorch_pipelines.contracts.command import Command
from datatorch_pipelines.contracts.context import Stream

OPERATION = "datatorch-pipelines"
"""The name under which workers take requests, and of their plugin that does."""

TOPIC = "datatorch-pipelines"
"""Dask's topic under which workers tell where a job has its place."""

POLL_SECONDS = 5.0
"""How long a worker keeps a call waiting that asks for news."""

CHUNK_BYTES = 1024 * 1024
"""How much of a file, or of what steps wrote, travels at once."""

JOB = 0
"""The number that stands for a job where those from 1 on stand for its commands."""


@frozen(repr=False)
class Sealed:
    """Something that Dask carries but can't show: it may log messages, and what it logs tells nothing of this."""

    content: object

    def __repr__(self) -> str:
        return "Sealed()"


@frozen(kw_only=True)
class Ticket:
    """What Dask's task of a job is given: shown in Dask's dashboard, and so without anything that may be secret.

    ``client`` is who asks, ``key`` the name of the task and of the job's place.
    """

    client: str
    key: str
    run_id: str
    job_id: str
    keep: bool = False


@frozen(kw_only=True)
class Enter:
    """Asks for the folders and facts of a place; answered by `Entered`."""

    key: str


@frozen(kw_only=True)
class Entered:
    """The folders of a place, by their names in `Paths`, and its facts."""

    paths: dict[str, str]
    facts: dict[str, object]


@frozen(kw_only=True)
class Start:
    """Starts a command, whose ``number`` counts from 1; its end is told as `News`. A number is started once."""

    key: str
    number: int
    command: Command


@frozen(kw_only=True)
class Cancel:
    """Ends a command and its whole tree; answered when nothing of it is left."""

    key: str
    number: int


@frozen(kw_only=True)
class Leave:
    """Ends a job's place; answered when nothing of it is left."""

    key: str


@frozen(kw_only=True)
class Reuse:
    """Asks for a folder that was sent to the worker before; answered by its path, or ``None``."""

    key: str
    digest: str


@frozen(kw_only=True)
class Put:
    """A piece of a folder's tar, from ``offset`` on; the last one is answered by the folder's path.

    ``share``: other jobs of the worker may get this folder too.
    """

    key: str
    digest: str
    offset: int
    data: bytes = field(repr=False)
    last: bool
    share: bool


@frozen(kw_only=True)
class Get:
    """Asks for a file or folder as a tar of at most so many bytes; answered by `Piece`."""

    key: str
    path: str
    most: int | None = None


@frozen(kw_only=True)
class More:
    """Asks for the next piece, from ``offset`` on, of what `Get` asked for; answered by `Piece`."""

    key: str
    token: int
    offset: int


@frozen(kw_only=True)
class Piece:
    """A piece of a tar of ``size`` bytes."""

    token: int
    size: int
    data: bytes = field(repr=False)


@frozen(kw_only=True)
class Poll:
    """Asks for the news since number ``seen``, which need not be kept any more; answered by a tuple of `Numbered`."""

    client: str
    seen: int


Request = Enter | Start | Cancel | Leave | Reuse | Put | Get | More | Poll


@frozen(kw_only=True)
class Output:
    """What a command wrote; of `JOB`, what was left of earlier ones wrote."""

    stream: Stream
    data: bytes = field(repr=False)


@frozen(kw_only=True)
class Ended:
    """How a command, or a job's place (`JOB`), ended: by ``status``, or by an ``error``, or by being cancelled."""

    status: int | None = None
    error: Exception | None = None


@frozen(kw_only=True)
class News:
    """What happened to a command of a job, or to the job itself (`JOB`)."""

    key: str
    number: int
    event: Output | Ended


Numbered = tuple[int, News]
"""News with their number among all for one client on one worker."""


@frozen(kw_only=True)
class Envelope:
    """A request to the process of a worker that ``hub`` names, and to no other at the same address."""

    hub: str
    request: Request


@frozen(kw_only=True)
class Answer:
    """What a worker answers: ``content``, or the error by which it refuses."""

    content: object = None
    refusal: Exception | None = None
