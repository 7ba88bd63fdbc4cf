"""Text to located data to model, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.syntax.action_file import read_action, read_action_file
from datatorch_pipelines.syntax.files import EXTENSIONS, decode_text, read_text_file
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.pipeline_file import read_pipeline, read_pipeline_file

if TYPE_CHECKING:
    from datatorch_pipelines.syntax.document import Document
    from datatorch_pipelines.syntax.salvage import SalvagedPipeline
    from datatorch_pipelines.syntax.writing import write_pipeline, write_pipeline_json

__all__ = [
    "EXTENSIONS",
    "Document",
    "SalvagedPipeline",
    "TextLocator",
    "decode_text",
    "read_action",
    "read_action_file",
    "read_pipeline",
    "read_pipeline_file",
    "read_text_file",
    "write_pipeline",
    "write_pipeline_json",
]

# Writing is for few, and so are files that are wrong: a run that only reads doesn't pay for them.
__getattr__ = late(
    globals(),
    {
        "Document": "document",
        "SalvagedPipeline": "salvage",
        "write_pipeline": "writing",
        "write_pipeline_json": "writing",
    },
)
