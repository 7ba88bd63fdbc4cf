"""The secrets of a run: those that a caller gave, or that a provider has for the names that the pipeline uses."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.contracts import SecretProvider
from datatorch_pipelines.model import Pipeline


def given_secrets(pipeline: Pipeline, secrets: Mapping[str, str] | SecretProvider | None) -> Mapping[str, str] | None:
    """The secrets by name. Raises `PipelinesError` for a provider that fails, or gives what is no text."""
    if secrets is None or isinstance(secrets, Mapping):
        return secrets
    found = {name: secrets(name) for name in pipeline.variables}
    return {name: secret for name, secret in found.items() if secret is not None}
