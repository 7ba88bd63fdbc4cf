"""What every runner has to hold: a class of tests to inherit."""

from __future__ import annotations

from datatorch_pipelines.testing.runners.at_once import AtOnce
from datatorch_pipelines.testing.runners.background import Background
from datatorch_pipelines.testing.runners.cancelling import Cancelling
from datatorch_pipelines.testing.runners.given import Given
from datatorch_pipelines.testing.runners.output import Output
from datatorch_pipelines.testing.runners.pipelines import Pipelines
from datatorch_pipelines.testing.runners.places import Places
from datatorch_pipelines.testing.runners.refusals import Refusals, Secrecy
from datatorch_pipelines.testing.runners.statuses import Statuses

__all__ = ["RunnerConformance"]


class RunnerConformance(Statuses, Output, Given, Places, Cancelling, Background, AtOnce, Refusals, Secrecy, Pipelines):
    """The tests of a runner. Inherit, in a class whose name begins with ``Test``, and give the fixtures.

    One is needed:

    - ``runner``: the runner, each time a new one that is not open yet.

    These are optional; without one, the tests that want it are skipped:

    - ``unreachable``: a runner as ``runner`` whose place can't be reached;
    - ``lose``: a function (or a coroutine function) that is given a `JobEnvironment` and destroys that job's place, as
      when its machine dies.

    A class may say what its place is like. None of these leaves a rule out: each has its own, which is looked at.

    - ``patience``: how many seconds anything may take before it counts as stuck;
    - ``has_python = False``: there is no Python where the steps run, and ``facts`` name none;
    - ``tells_signals = False``: what a signal N ended gives ``128 + N``, and not ``-N``.

    All commands are for a POSIX ``sh`` with the usual small programs, such as busybox has, and look at processes from
    within the job. The steps may run on another machine.
    """
