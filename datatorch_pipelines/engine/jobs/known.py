"""What an earlier beginning of the same run left: jobs whose outcome stands, so that they don't run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from datatorch_pipelines.engine.jobs.ended import Ended


@frozen(kw_only=True)
class KnownInstance:
    """An instance of a matrix that ended well: its combination as the record has it, masked, and its outcome."""

    matrix: Mapping[str, object]
    ended: Ended


@frozen(kw_only=True)
class Known:
    """What is known of a run that is resumed.

    ``jobs`` are those that don't run again. ``instances`` has, for a job with a matrix that does, what stands of each
    instance, in their order, ``None`` for those that run again; it counts only where the combinations are the same.
    ``attempts`` is how often the run was begun before.
    """

    jobs: Mapping[str, Ended] = field(factory=dict)
    instances: Mapping[str, Sequence[KnownInstance | None]] = field(factory=dict)
    attempts: int = 0

    def instance(self, job: str, index: int, matrix: Mapping[str, object]) -> Ended | None:
        """What stands of an instance whose combination is ``matrix``; one that held a secret is none of the record."""
        known = self.instances.get(job, ())
        found = known[index] if index < len(known) else None
        return found.ended if found is not None and found.matrix == matrix else None
