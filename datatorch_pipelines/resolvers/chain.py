"""Several resolvers in a row."""

from __future__ import annotations

from collections.abc import Sequence

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ResolveError
from datatorch_pipelines.model.reference import ActionReference


async def resolve_chain(
    resolvers: Sequence[Resolver], reference: ActionReference, context: ResolveContext
) -> ResolvedAction:
    """The action, from the first resolver that matches the reference and has it.

    Raises `ActionNotFound` when none has it; any other error of a resolver ends the search. What a resolver raises
    besides `ResolveError`, or gives that is no `ResolvedAction`, comes as a `ResolveError` that says so.
    """
    missing: list[ActionNotFound] = []
    for resolver in resolvers:
        try:
            if not resolver.matches(reference):
                continue
            given: object = await resolver.resolve(reference, context)
        except ActionNotFound as error:
            missing.append(error)
            continue
        except ResolveError:
            raise
        except Exception as error:
            name = type(resolver).__name__
            said = " ".join(str(error).split())
            raise ResolveError(f"{name} failed on {reference}: {type(error).__name__}: {said}") from error
        if not isinstance(given, ResolvedAction):
            shown = " ".join(repr(given).split())[:60]
            raise ResolveError(f"a resolver gave {shown} for {reference} where a ResolvedAction belongs")
        return given
    if not missing:
        raise ActionNotFound(f"no resolver knows what to do with {reference}", hint="add one that does")
    if len(missing) == 1:
        raise missing[0]
    raise ActionNotFound(f"no resolver has {reference}: " + "; ".join(str(error) for error in missing)) from missing[0]
