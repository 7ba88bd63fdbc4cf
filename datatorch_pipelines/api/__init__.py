"""What users call. The defaults and the entry points meet here; each module loads when one of its names is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late

if TYPE_CHECKING:
    from datatorch_pipelines.api.actions import find_action, pull
    from datatorch_pipelines.api.authoring import new_action, run_action, start_action
    from datatorch_pipelines.api.changing import fix, fix_text, pin, pin_files, upgrade, upgrade_files
    from datatorch_pipelines.api.checking import check, check_files, check_text, report, symbol_at
    from datatorch_pipelines.api.locking import lock, lock_files
    from datatorch_pipelines.api.reading import load, load_action, loads, schema, to_json, to_yaml
    from datatorch_pipelines.api.records import open_run, prune_runs, runs
    from datatorch_pipelines.api.resuming import resume, resume_async, retry, start_resume
    from datatorch_pipelines.api.running import plan, run, run_async, start
    from datatorch_pipelines.api.secrets import secrets_from_env, secrets_from_file
    from datatorch_pipelines.api.stepping import run_step, run_step_async, start_step

__all__ = [
    "check",
    "check_files",
    "check_text",
    "find_action",
    "fix",
    "fix_text",
    "load",
    "load_action",
    "loads",
    "lock",
    "lock_files",
    "new_action",
    "open_run",
    "pin",
    "pin_files",
    "plan",
    "prune_runs",
    "pull",
    "report",
    "resume",
    "resume_async",
    "retry",
    "run",
    "run_action",
    "run_async",
    "run_step",
    "run_step_async",
    "runs",
    "schema",
    "secrets_from_env",
    "secrets_from_file",
    "start",
    "start_action",
    "start_resume",
    "start_step",
    "symbol_at",
    "to_json",
    "to_yaml",
    "upgrade",
    "upgrade_files",
]

_HOMES = {
    "actions": ("find_action", "pull"),
    "authoring": ("new_action", "run_action", "start_action"),
    "changing": ("fix", "fix_text", "pin", "pin_files", "upgrade", "upgrade_files"),
    "checking": ("check", "check_files", "check_text", "report", "symbol_at"),
    "locking": ("lock", "lock_files"),
    "reading": ("load", "load_action", "loads", "schema", "to_json", "to_yaml"),
    "records": ("open_run", "prune_runs", "runs"),
    "resuming": ("resume", "resume_async", "retry", "start_resume"),
    "running": ("plan", "run", "run_async", "start"),
    "secrets": ("secrets_from_env", "secrets_from_file"),
    "stepping": ("run_step", "run_step_async", "start_step"),
}

__getattr__ = late(globals(), {name: module for module, names in _HOMES.items() for name in names})
