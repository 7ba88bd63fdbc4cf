"""Reports to edits, and edits to files: mend, pin, upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.fixing.files import Fixed, fix_file, fix_source
from datatorch_pipelines.fixing.rewriting import Rewritten

if TYPE_CHECKING:
    from datatorch_pipelines.fixing.pinning import Change, Note, Pinned, pin_files, upgrade_files

__all__ = [
    "Change",
    "Fixed",
    "Note",
    "Pinned",
    "Rewritten",
    "fix_file",
    "fix_source",
    "pin_files",
    "upgrade_files",
]

# Mistakes are fixed without a thread for conversations with servers.
__getattr__ = late(
    globals(),
    dict.fromkeys(("Change", "Note", "Pinned", "pin_files", "upgrade_files"), "pinning"),
)
