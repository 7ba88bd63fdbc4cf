"""Writes the validators of ``_generated`` out of the schemas: ``python -m datatorch_pipelines.syntax.schema.generate``.

A validator stops at the parts that have their own (jobs, steps), so that a path never leads through a name that the
file's author chose; a module made ahead spares each start the compiling.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastjsonschema

from datatorch_pipelines.syntax.schema import NAMES, source

FOLDER = Path(__file__).parent / "_generated"
"""Where the modules are."""

_HEAD = (
    "# mypy: ignore-errors",
    '"""Made by `datatorch_pipelines.syntax.schema.generate`; do not edit."""',
    "from typing import Any",
)
_UNTYPED = "def validate(data, custom_formats={}, name_prefix=None):"
_TYPED = "def validate(data: Any, custom_formats: Any = {}, name_prefix: Any = None) -> Any:"
_IDLE_KEYS = frozenset(
    ("$schema", "$id", "$comment", "title", "description", "propertyNames", "oneOf", "anyOf", "allOf")
)
"""What validates nothing, and what the reader tells in words of its own; editors get both."""


def generated(name: str) -> str:
    """The text of the module that validates one part."""
    code: str = fastjsonschema.compile_to_code(bare(source(name)), use_default=False, fast_fail=False)
    # The version line would change the file with each release of the generator although nothing else does.
    lines = [line.rstrip() for line in code.splitlines() if not line.startswith("VERSION = ")]
    whole = "\n".join([*_HEAD, *lines]).strip() + "\n"
    if _UNTYPED not in whole:
        raise SystemExit("fastjsonschema writes other code than this generator knows")
    return whole.replace(_UNTYPED, _TYPED)


def bare(schema: Any, *, names: bool = False) -> Any:
    """A schema without what is for editors alone, any value in place of another part.

    ``names``: its keys are the names of properties.
    """
    if isinstance(schema, list):
        return [bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if not names and "$ref" in schema:
        return {}
    return {
        key: bare(value, names=key == "properties" and not names)
        for key, value in schema.items()
        if names or key not in _IDLE_KEYS
    }


def main() -> None:
    """Writes every module."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "__init__.py").write_text(
        f'"""Validators made ahead out of the schemas."""\n\nMADE_WITH = "{fastjsonschema.VERSION}"\n', encoding="utf-8"
    )
    for name in NAMES:
        (FOLDER / f"{name}.py").write_text(generated(name), encoding="utf-8")


if __name__ == "__main__":
    main()
