"""What every resolver has to hold: a class of tests to inherit."""

from __future__ import annotations

from datatorch_pipelines.testing.resolvers.at_once import AtOnce
from datatorch_pipelines.testing.resolvers.cancelling import Cancelling
from datatorch_pipelines.testing.resolvers.errors import Errors
from datatorch_pipelines.testing.resolvers.manners import Manners
from datatorch_pipelines.testing.resolvers.matching import Matching
from datatorch_pipelines.testing.resolvers.network import Network
from datatorch_pipelines.testing.resolvers.results import Results

__all__ = ["ResolverConformance"]


class ResolverConformance(Matching, Results, Errors, Network, AtOnce, Cancelling, Manners):
    """The tests of a resolver. Inherit, in a class whose name begins with ``Test``, and give the fixtures.

    These are needed. A reference is an `ActionReference`, or what one writes as a step's ``action``:

    - ``resolver``: the resolver, each time a new one that has kept nothing yet;
    - ``known``: a reference to an action that it has;
    - ``missing``: a reference that it matches, and to which it has no action;
    - ``foreign``: a reference that is none of its business.

    These are optional; without one, the tests that want it are skipped:

    - ``context``: the `ResolveContext` that all contexts are made of, where references depend on ``base`` or
      ``local_actions``;
    - ``inputs``: what the action of ``known`` can't be planned without, by name;
    - ``moving``: a reference such as a branch, and a function that makes it mean something else from now on;
    - ``unreachable``: a resolver as ``resolver`` whose server can't be reached;
    - ``silent``: a resolver as ``resolver`` whose server takes calls and never answers;
    - ``program``: Python source that another process can run to get the same ``resolver`` by that name;
    - ``secrets``: texts, such as a token that ``resolver`` was given, that nobody may get to see.

    ``patience`` is how many seconds anything may take before it counts as stuck. ``serves_offline = False`` says that
    nothing that was fetched is kept for ``offline``.
    """
