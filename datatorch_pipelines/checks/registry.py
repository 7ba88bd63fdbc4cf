"""Every check of the library, in the order of their codes."""

from __future__ import annotations

from datatorch_pipelines.checks.rule import Check
from datatorch_pipelines.checks.rules import (
    condition_text,
    constant_condition,
    data_in_shell,
    deprecated_input,
    duplicate_step,
    expression_syntax,
    found_nothing,
    git_protocol,
    input_collision,
    literal_only,
    missing_input,
    not_an_option,
    output_type,
    undeclared_input,
    undeclared_output,
    unknown_context,
    unknown_function,
    unknown_job,
    unknown_step,
    unpinned,
    wrong_default,
    wrong_input,
    wrong_operand,
)

CHECKS: tuple[Check, ...] = (
    duplicate_step.CHECK,
    expression_syntax.CHECK,
    unknown_context.CHECK,
    unknown_function.CHECK,
    unknown_step.CHECK,
    found_nothing.CHECK,
    literal_only.CHECK,
    condition_text.CHECK,
    unknown_job.CHECK,
    wrong_operand.CHECK,
    constant_condition.CHECK,
    unpinned.CHECK,
    missing_input.CHECK,
    wrong_input.CHECK,
    wrong_default.CHECK,
    undeclared_input.CHECK,
    not_an_option.CHECK,
    deprecated_input.CHECK,
    input_collision.CHECK,
    undeclared_output.CHECK,
    output_type.CHECK,
    data_in_shell.CHECK,
    git_protocol.CHECK,
)
"""One file a check, in ``datatorch_pipelines.checks.rules``; a new one is added here and nowhere else."""
