"""Labels of a job as Dask's resources."""

from __future__ import annotations

import math
from collections.abc import Iterable

from datatorch_pipelines.errors import CommandRejected


def resources_of(labels: Iterable[str]) -> dict[str, float]:
    """What a worker must have free for a job with these labels: ``gpu`` is one of these, ``gpu=2`` are two.

    Raises `CommandRejected` for an amount that is no number above 0.

    >>> resources_of(["gpu", "memory=16e9"])
    {'gpu': 1.0, 'memory': 16000000000.0}
    """
    resources: dict[str, float] = {}
    for label in labels:
        name, sign, amount = (part.strip() for part in label.partition("="))
        try:
            number = float(amount) if sign else 1.0
        except ValueError:
            number = 0.0
        if not name or not 0 < number < math.inf:
            raise CommandRejected(
                f"the label {label!r} of 'runs-on' is no resource of a Dask worker", hint="write NAME or NAME=NUMBER"
            )
        resources[name] = resources.get(name, 0.0) + number
    return resources
