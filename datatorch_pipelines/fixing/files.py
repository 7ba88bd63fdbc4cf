"""The mistakes of one file, fixed as far as they can be."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from datatorch_pipelines.checking import CheckOptions, check_source
from datatorch_pipelines.checking.definitions import ActionFinder
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.fixing.mending import mend
from datatorch_pipelines.fixing.rewriting import Rewritten
from datatorch_pipelines.syntax.files import decode_text, read_file_bytes

_MARK = "\ufeff"


@frozen(kw_only=True)
class Fixed(Rewritten):
    """A text with the mistakes fixed that have a fix.

    ``applied`` are the diagnostics whose fixes were made, each with its place in the text as it was in its pass;
    ``left`` is everything that is to be said of the new text.
    """

    applied: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def fix_file(path: str | os.PathLike[str], options: CheckOptions) -> Fixed:
    """A file's mistakes fixed; nothing is written. Raises `PipelineSyntaxError` for a file that can't be read."""
    original = read_file_bytes(path, options.limits)
    name = os.fspath(path)
    return evolve(fix_source(decode_text(original, name), name, options), original=original)


def fix_source(text: str, filename: str, options: CheckOptions) -> Fixed:
    """A text's mistakes fixed; ``filename`` tells what it is, as for `check_source`."""
    mark = _MARK if text.startswith(_MARK) else ""
    mended = mend(text.removeprefix(_MARK), _diagnose(filename, options))
    return Fixed(file=filename, before=text, after=mark + mended.text, applied=mended.applied, left=mended.left)


def _diagnose(filename: str, options: CheckOptions) -> Callable[[str], Sequence[Diagnostic]]:
    """What is said of the texts that a file becomes; with ``fetch``, what has no tag has the fix that pins it."""
    finder = ActionFinder(options)
    if not options.fetch:
        return lambda text: check_source(text, filename, options, finder).diagnostics
    from datatorch_pipelines.defaults import git_resolvers
    from datatorch_pipelines.fixing.pinning import Asker, with_pins

    asker = Asker(git_resolvers(options.resolvers, options.credentials))
    return lambda text: with_pins(
        check_source(text, filename, options, finder).diagnostics, text, filename, asker, options.limits
    )
