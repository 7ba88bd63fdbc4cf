"""The results of actions with ``cache: true``, kept on disk: an action that has nothing new to do is not run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from datatorch_pipelines._files import write_atomic
from datatorch_pipelines._home import cache_directory
from datatorch_pipelines.engine.collecting.outputs import read_json

_VERSION = 1


@frozen(kw_only=True)
class ResultCache:
    """Outputs by what they follow from. A result that can't be read or kept is a miss, never an error."""

    root: Path

    @classmethod
    def default(cls) -> ResultCache:
        """The user's cache."""
        return cls(root=cache_directory() / "results")

    def get(self, key: str) -> Mapping[str, object] | None:
        """The outputs kept under a key, ``None`` when there are none."""
        try:
            kept = read_json(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict) or kept.get("version") != _VERSION or not isinstance(kept.get("outputs"), dict):
            return None
        return dict(kept["outputs"])

    def keep(self, key: str, outputs: Mapping[str, object]) -> None:
        """Keeps outputs under a key."""
        text = json.dumps({"version": _VERSION, "outputs": outputs})
        try:
            self._path(key).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path(key), text.encode("utf-8"), mode=0o600)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.json"


def result_key(facts: Mapping[str, object]) -> str:
    """The key for what a result follows from: the action's digest, its inputs, its variables, the interpreter."""
    text = json.dumps([_VERSION, facts], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
