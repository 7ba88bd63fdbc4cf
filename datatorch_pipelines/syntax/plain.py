"""Values of Python as plain data, such as a file could hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.syntax.yaml_writer import check_plain


def plain_data(value: object) -> object:
    """A value as plain data that nobody else holds: paths are texts, tuples lists.

    Raises `ModelError` for what no file can hold.

    >>> plain_data({"images": ("a.png", 1)})
    {'images': ['a.png', 1]}
    """
    try:
        plain = _plain(value)
        check_plain(plain)
    except RecursionError as error:
        raise ModelError("it is nested too deep, or holds itself", hint="use plain data") from error
    return plain


def _plain(value: object) -> object:
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
