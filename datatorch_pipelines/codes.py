"""The code of every diagnostic: stable, each with the one sentence that its page in ``docs/checks`` begins with."""

from __future__ import annotations

import enum


class Code(enum.StrEnum):
    """A diagnostic's code; its ``summary`` says what it is about."""

    summary: str

    def __new__(cls, value: str, summary: str) -> Code:
        """The code ``value``, with its one-sentence summary."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member

    INVALID_SYNTAX = "DT101", "The text is not valid YAML or JSON."
    UNREADABLE = "DT102", "The file can't be read."
    BAD_ENCODING = "DT103", "The file is not UTF-8 (or UTF-16 with a byte order mark)."
    CONTROL_CHARACTER = "DT104", "The text holds a character that YAML forbids, such as NUL."
    TAB = "DT105", "A tab stands where YAML wants spaces."
    DUPLICATE_KEY = "DT106", "A mapping names a key twice."
    SEVERAL_DOCUMENTS = "DT107", "The file holds more than one YAML document."
    EMPTY = "DT108", "The file holds no document."
    BAD_ALIAS = "DT109", "An alias is unknown, contains itself or expands too far."
    OVER_LIMIT = "DT110", "The file is larger or deeper than the limits allow."
    BAD_KEY = "DT111", "A mapping's key is not a string."
    BAD_TAG = "DT112", "A YAML tag that the format doesn't know."
    BAD_EXTENSION = "DT113", "The file's name does not end in .yml, .yaml or .json."
    INTERNAL = "DT199", "A defect of this library: the file could not be checked to the end."

    MISSING_KEY = "DT201", "A required key is missing."
    UNKNOWN_KEY = "DT202", "A key that the format doesn't know."
    WRONG_TYPE = "DT203", "A value of the wrong type."
    WRONG_VALUE = "DT204", "A value that is not one of those allowed."
    NOTHING_IN_IT = "DT205", "A pipeline without jobs or a job without steps."
    BAD_ID = "DT206", "An identifier of the wrong form."
    ACTION_OR_RUN = "DT207", "A step needs exactly one of `action` and `run`."
    BAD_REFERENCE = "DT208", "An action reference of the wrong form."
    NO_RUNNER = "DT209", "A label in runs-on that no runner is given for."
    DUPLICATE_PIPELINE = "DT210", "Two files of one project name the same pipeline."
    DUPLICATE_STEP = "DT211", "Two steps of a job share a name or an id."
    UNKNOWN_NEED = "DT212", "A job needs one that does not exist."
    NEEDS_CYCLE = "DT213", "Jobs that wait for each other."
    BAD_CRON = "DT214", "A schedule's cron expression is wrong."
    BAD_TIME_ZONE = "DT215", "A time zone that does not exist."
    NO_EFFECT = "DT216", "A key that has no effect where it stands."
    BAD_IGNORE = "DT217", "A comment that is to ignore what can't be ignored."
    UNUSED_IGNORE = "DT218", "A comment that ignores nothing."
    BROKEN_CHECK = "DT219", "A check of another package failed, or gave what is no finding."
    BAD_FORM = "DT220", "A form that is no JSON Schema, or uses what can't be carried out."
    NO_TRIGGER = "DT221", "A run that is started by a trigger that the pipeline doesn't have."
    WRONG_EVENT = "DT222", "An event that doesn't fit the trigger that starts the run."

    BAD_EXPRESSION = "DT301", "An expression of the wrong form."
    UNKNOWN_CONTEXT = "DT302", "An expression names a context that does not exist here."
    UNKNOWN_FUNCTION = "DT303", "An expression calls a function that does not exist."
    UNKNOWN_STEP = "DT304", "An expression names a step that is not an earlier one of the job."
    FOUND_NOTHING = "DT305", "A reference that finds nothing."
    LITERAL_ONLY = "DT306", "An expression where the format wants literal text."
    BAD_CONDITION = "DT307", "A condition with text around its `${{ }}`."
    EVALUATION = "DT308", "An expression that can't be evaluated."
    UNKNOWN_JOB = "DT309", "An expression names a job that does not exist or that this one does not need."
    WRONG_OPERAND = "DT310", "An operation on values that can't give anything useful."
    CONSTANT_CONDITION = "DT311", "A condition that is always true, or never."

    UNPINNED = "DT401", "A reference without a tag: it follows the default branch."
    UNRESOLVED = "DT402", "An action that can't be had."
    MISSING_INPUT = "DT403", "A required input is not given."
    WRONG_INPUT = "DT404", "An input's value doesn't fit its type."
    UNDECLARED_INPUT = "DT405", "An input that the action doesn't declare."
    NOT_AN_OPTION = "DT406", "An input's value is not one of its options."
    DEPRECATED_INPUT = "DT407", "A deprecated input."
    BAD_ACTION = "DT408", "The action's own file is wrong."
    ACTION_WARNING = "DT409", "An action that was found with a doubt: an older commit, or a branch that is also a tag."
    INPUT_COLLISION = "DT410", "Two inputs that become one INPUT_ variable."
    CANNOT_RUN = "DT411", "An action that this runner can't run."
    UNDECLARED_OUTPUT = "DT412", "An output that the action doesn't declare, or whose value doesn't fit."
    OUTPUT_TYPE = "DT413", "An input is given an output that is declared with another type."
    MISSING_VARIABLE = "DT414", "An environment variable that the action declares and the pipeline doesn't set."
    NOT_IN_LOCK = "DT415", "An action that is not in the lock file."
    LOCK_DIFFERS = "DT416", "An action that is not what was locked."
    MISSING_SECRET = "DT417", "A secret that the pipeline uses and that the run was not given."
    NOT_KEPT = "DT418", "A file that a step left and that is not kept, or a test report that can't be read."

    DATA_IN_SHELL = "DT501", "Data spliced into shell text."
    GIT_PROTOCOL = "DT502", "The unauthenticated git:// protocol, which GitHub no longer serves."

    NOT_PORTABLE = "DT901", "A use of what DataTorch's own schema doesn't know."
