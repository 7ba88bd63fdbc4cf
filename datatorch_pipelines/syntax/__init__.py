"""Text to located data to model, and back."""

from datatorch_pipelines.syntax.action_file import read_action
from datatorch_pipelines.syntax.document import Document
from datatorch_pipelines.syntax.files import EXTENSIONS, decode_text, read_text_file
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.pipeline_file import read_pipeline
from datatorch_pipelines.syntax.writing import write_pipeline, write_pipeline_json

__all__ = [
    "EXTENSIONS",
    "Document",
    "TextLocator",
    "decode_text",
    "read_action",
    "read_pipeline",
    "read_text_file",
    "write_pipeline",
    "write_pipeline_json",
]
