"""The language of ``${{ }}``: GitHub Actions' expressions, by an own lexer, parser and evaluator.

`evaluate` does it all at once; `parse` gives a `Template` to keep, to look into and to evaluate often.

>>> evaluate("${{ inputs.a == 10 && 'ten' || 'other' }}", {"inputs": {"a": 10}})
'ten'
"""

from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.analysis import FunctionCall, Reference
from datatorch_pipelines.expressions.evaluation import evaluate, evaluate_condition, evaluate_value
from datatorch_pipelines.expressions.functions import known_functions
from datatorch_pipelines.expressions.hashing import hash_files
from datatorch_pipelines.expressions.host import Host, Status
from datatorch_pipelines.expressions.reading import Reading, parse, parse_condition, read, read_condition
from datatorch_pipelines.expressions.template import Expression, Template
from datatorch_pipelines.expressions.values import truthy

__all__ = [
    "Expression",
    "ExpressionError",
    "FunctionCall",
    "Host",
    "Reading",
    "Reference",
    "Status",
    "Template",
    "evaluate",
    "evaluate_condition",
    "evaluate_value",
    "hash_files",
    "known_functions",
    "parse",
    "parse_condition",
    "read",
    "read_condition",
    "truthy",
]
