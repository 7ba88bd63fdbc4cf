# mypy: ignore-errors
"""Made by `datatorch_pipelines.syntax.schema.generate`; do not edit."""
from typing import Any
from decimal import Decimal
import re
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


REGEX_PATTERNS = {
    '\\$\\{\\{': re.compile('\\$\\{\\{')
}

NoneType = type(None)

def validate(data: Any, custom_formats: Any = {}, name_prefix: Any = None) -> Any:
    errors = []
    if not isinstance(data, (dict)):
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['steps'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'steps': {'type': 'array', 'minItems': 1, 'items': {}}, 'needs': {'type': ['string', 'array'], 'items': {'type': 'string'}}, 'if': {'type': ['string', 'boolean']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'outputs': {'type': ['object', 'null']}, 'strategy': {'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, 'continue-on-error': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'runs-on': {'type': ['string', 'array'], 'items': {'type': 'string'}}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['steps']) - data.keys()
        if data__missing_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"), value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['steps'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'steps': {'type': 'array', 'minItems': 1, 'items': {}}, 'needs': {'type': ['string', 'array'], 'items': {'type': 'string'}}, 'if': {'type': ['string', 'boolean']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'outputs': {'type': ['object', 'null']}, 'strategy': {'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, 'continue-on-error': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'runs-on': {'type': ['string', 'array'], 'items': {'type': 'string'}}}}, rule='required'))
        data_keys = set(data.keys())
        if "name" in data_keys:
            data_keys.remove("name")
            data__name = data["name"]
            if not isinstance(data__name, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".name must be string", value=data__name, name="" + (name_prefix or "data") + ".name", definition={'type': 'string'}, rule='type'))
        if "steps" in data_keys:
            data_keys.remove("steps")
            data__steps = data["steps"]
            if not isinstance(data__steps, (list, tuple)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".steps must be array", value=data__steps, name="" + (name_prefix or "data") + ".steps", definition={'type': 'array', 'minItems': 1, 'items': {}}, rule='type'))
            data__steps_is_list = isinstance(data__steps, (list, tuple))
            if data__steps_is_list:
                data__steps_len = len(data__steps)
                if data__steps_len < 1:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".steps must contain at least 1 items", value=data__steps, name="" + (name_prefix or "data") + ".steps", definition={'type': 'array', 'minItems': 1, 'items': {}}, rule='minItems'))
        if "needs" in data_keys:
            data_keys.remove("needs")
            data__needs = data["needs"]
            if not isinstance(data__needs, (str, list, tuple)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".needs must be string or array", value=data__needs, name="" + (name_prefix or "data") + ".needs", definition={'type': ['string', 'array'], 'items': {'type': 'string'}}, rule='type'))
            data__needs_is_list = isinstance(data__needs, (list, tuple))
            if data__needs_is_list:
                data__needs_len = len(data__needs)
                for data__needs_x, data__needs_item in enumerate(data__needs):
                    if not isinstance(data__needs_item, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".needs[{data__needs_x}]".format(**locals()) + " must be string", value=data__needs_item, name="" + (name_prefix or "data") + ".needs[{data__needs_x}]".format(**locals()) + "", definition={'type': 'string'}, rule='type'))
        if "if" in data_keys:
            data_keys.remove("if")
            data__if = data["if"]
            if not isinstance(data__if, (str, bool)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".if must be string or boolean", value=data__if, name="" + (name_prefix or "data") + ".if", definition={'type': ['string', 'boolean']}, rule='type'))
        if "timeout" in data_keys:
            data_keys.remove("timeout")
            data__timeout = data["timeout"]
            if not isinstance(data__timeout, (int, float, Decimal, str)) or isinstance(data__timeout, bool):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".timeout must be number or string", value=data__timeout, name="" + (name_prefix or "data") + ".timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='type'))
            if isinstance(data__timeout, str):
                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__timeout):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".timeout must match pattern \\$\\{\\{", value=data__timeout, name="" + (name_prefix or "data") + ".timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='pattern'))
            if isinstance(data__timeout, (int, float, Decimal)) and not isinstance(data__timeout, bool):
                if data__timeout <= 0:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".timeout must be bigger than 0", value=data__timeout, name="" + (name_prefix or "data") + ".timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='exclusiveMinimum'))
        if "env" in data_keys:
            data_keys.remove("env")
            data__env = data["env"]
            if not isinstance(data__env, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env must be object or null", value=data__env, name="" + (name_prefix or "data") + ".env", definition={'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, rule='type'))
            data__env_is_dict = isinstance(data__env, dict)
            if data__env_is_dict:
                data__env_keys = set(data__env.keys())
                for data__env_key in data__env_keys:
                    if data__env_key not in []:
                        data__env_value = data__env.get(data__env_key)
                        if not isinstance(data__env_value, (str, int, float, Decimal, bool, NoneType)):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + " must be string or number or boolean or null", value=data__env_value, name="" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + "", definition={'type': ['string', 'number', 'boolean', 'null']}, rule='type'))
        if "outputs" in data_keys:
            data_keys.remove("outputs")
            data__outputs = data["outputs"]
            if not isinstance(data__outputs, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs must be object or null", value=data__outputs, name="" + (name_prefix or "data") + ".outputs", definition={'type': ['object', 'null']}, rule='type'))
        if "strategy" in data_keys:
            data_keys.remove("strategy")
            data__strategy = data["strategy"]
            if not isinstance(data__strategy, (dict)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy must be object", value=data__strategy, name="" + (name_prefix or "data") + ".strategy", definition={'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, rule='type'))
            data__strategy_is_dict = isinstance(data__strategy, dict)
            if data__strategy_is_dict:
                data__strategy__missing_keys = set(['matrix']) - data__strategy.keys()
                if data__strategy__missing_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy must contain " + (str(sorted(data__strategy__missing_keys)) + " properties"), value=data__strategy, name="" + (name_prefix or "data") + ".strategy", definition={'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, rule='required'))
                data__strategy_keys = set(data__strategy.keys())
                if "matrix" in data__strategy_keys:
                    data__strategy_keys.remove("matrix")
                    data__strategy__matrix = data__strategy["matrix"]
                    if not isinstance(data__strategy__matrix, (dict, str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix must be object or string", value=data__strategy__matrix, name="" + (name_prefix or "data") + ".strategy.matrix", definition={'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, rule='type'))
                    if isinstance(data__strategy__matrix, str):
                        if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__matrix):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix must match pattern \\$\\{\\{", value=data__strategy__matrix, name="" + (name_prefix or "data") + ".strategy.matrix", definition={'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, rule='pattern'))
                    data__strategy__matrix_is_dict = isinstance(data__strategy__matrix, dict)
                    if data__strategy__matrix_is_dict:
                        data__strategy__matrix_keys = set(data__strategy__matrix.keys())
                        if "include" in data__strategy__matrix_keys:
                            data__strategy__matrix_keys.remove("include")
                            data__strategy__matrix__include = data__strategy__matrix["include"]
                            if not isinstance(data__strategy__matrix__include, (list, tuple, str)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.include must be array or string", value=data__strategy__matrix__include, name="" + (name_prefix or "data") + ".strategy.matrix.include", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, rule='type'))
                            if isinstance(data__strategy__matrix__include, str):
                                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__matrix__include):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.include must match pattern \\$\\{\\{", value=data__strategy__matrix__include, name="" + (name_prefix or "data") + ".strategy.matrix.include", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, rule='pattern'))
                        if "exclude" in data__strategy__matrix_keys:
                            data__strategy__matrix_keys.remove("exclude")
                            data__strategy__matrix__exclude = data__strategy__matrix["exclude"]
                            if not isinstance(data__strategy__matrix__exclude, (list, tuple, str)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.exclude must be array or string", value=data__strategy__matrix__exclude, name="" + (name_prefix or "data") + ".strategy.matrix.exclude", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, rule='type'))
                            if isinstance(data__strategy__matrix__exclude, str):
                                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__matrix__exclude):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.exclude must match pattern \\$\\{\\{", value=data__strategy__matrix__exclude, name="" + (name_prefix or "data") + ".strategy.matrix.exclude", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, rule='pattern'))
                        for data__strategy__matrix_key in data__strategy__matrix_keys:
                            if data__strategy__matrix_key not in ['include', 'exclude']:
                                data__strategy__matrix_value = data__strategy__matrix.get(data__strategy__matrix_key)
                                if not isinstance(data__strategy__matrix_value, (list, tuple, str)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + " must be array or string", value=data__strategy__matrix_value, name="" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + "", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, rule='type'))
                                if isinstance(data__strategy__matrix_value, str):
                                    if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__matrix_value):
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + " must match pattern \\$\\{\\{", value=data__strategy__matrix_value, name="" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + "", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, rule='pattern'))
                                data__strategy__matrix_value_is_list = isinstance(data__strategy__matrix_value, (list, tuple))
                                if data__strategy__matrix_value_is_list:
                                    data__strategy__matrix_value_len = len(data__strategy__matrix_value)
                                    if data__strategy__matrix_value_len < 1:
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + " must contain at least 1 items", value=data__strategy__matrix_value, name="" + (name_prefix or "data") + ".strategy.matrix.{data__strategy__matrix_key}".format(**locals()) + "", definition={'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, rule='minItems'))
                if "fail-fast" in data__strategy_keys:
                    data__strategy_keys.remove("fail-fast")
                    data__strategy__failfast = data__strategy["fail-fast"]
                    if not isinstance(data__strategy__failfast, (bool, str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.fail-fast must be boolean or string", value=data__strategy__failfast, name="" + (name_prefix or "data") + ".strategy.fail-fast", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='type'))
                    if isinstance(data__strategy__failfast, str):
                        if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__failfast):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.fail-fast must match pattern \\$\\{\\{", value=data__strategy__failfast, name="" + (name_prefix or "data") + ".strategy.fail-fast", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='pattern'))
                if "max-parallel" in data__strategy_keys:
                    data__strategy_keys.remove("max-parallel")
                    data__strategy__maxparallel = data__strategy["max-parallel"]
                    if not isinstance(data__strategy__maxparallel, (int, str)) and not (isinstance(data__strategy__maxparallel, float) and data__strategy__maxparallel.is_integer()) or isinstance(data__strategy__maxparallel, bool):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.max-parallel must be integer or string", value=data__strategy__maxparallel, name="" + (name_prefix or "data") + ".strategy.max-parallel", definition={'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}, rule='type'))
                    if isinstance(data__strategy__maxparallel, str):
                        if not REGEX_PATTERNS['\\$\\{\\{'].search(data__strategy__maxparallel):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.max-parallel must match pattern \\$\\{\\{", value=data__strategy__maxparallel, name="" + (name_prefix or "data") + ".strategy.max-parallel", definition={'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}, rule='pattern'))
                    if isinstance(data__strategy__maxparallel, (int, float, Decimal)) and not isinstance(data__strategy__maxparallel, bool):
                        if data__strategy__maxparallel < 1:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy.max-parallel must be bigger than or equal to 1", value=data__strategy__maxparallel, name="" + (name_prefix or "data") + ".strategy.max-parallel", definition={'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}, rule='minimum'))
                if data__strategy_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".strategy must not contain "+str(data__strategy_keys)+" properties", value=data__strategy, name="" + (name_prefix or "data") + ".strategy", definition={'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, rule='additionalProperties'))
        if "continue-on-error" in data_keys:
            data_keys.remove("continue-on-error")
            data__continueonerror = data["continue-on-error"]
            if not isinstance(data__continueonerror, (bool, str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".continue-on-error must be boolean or string", value=data__continueonerror, name="" + (name_prefix or "data") + ".continue-on-error", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='type'))
            if isinstance(data__continueonerror, str):
                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__continueonerror):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".continue-on-error must match pattern \\$\\{\\{", value=data__continueonerror, name="" + (name_prefix or "data") + ".continue-on-error", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='pattern'))
        if "runs-on" in data_keys:
            data_keys.remove("runs-on")
            data__runson = data["runs-on"]
            if not isinstance(data__runson, (str, list, tuple)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs-on must be string or array", value=data__runson, name="" + (name_prefix or "data") + ".runs-on", definition={'type': ['string', 'array'], 'items': {'type': 'string'}}, rule='type'))
            data__runson_is_list = isinstance(data__runson, (list, tuple))
            if data__runson_is_list:
                data__runson_len = len(data__runson)
                for data__runson_x, data__runson_item in enumerate(data__runson):
                    if not isinstance(data__runson_item, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs-on[{data__runson_x}]".format(**locals()) + " must be string", value=data__runson_item, name="" + (name_prefix or "data") + ".runs-on[{data__runson_x}]".format(**locals()) + "", definition={'type': 'string'}, rule='type'))
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['steps'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'steps': {'type': 'array', 'minItems': 1, 'items': {}}, 'needs': {'type': ['string', 'array'], 'items': {'type': 'string'}}, 'if': {'type': ['string', 'boolean']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'outputs': {'type': ['object', 'null']}, 'strategy': {'type': 'object', 'required': ['matrix'], 'additionalProperties': False, 'properties': {'matrix': {'type': ['object', 'string'], 'pattern': '\\$\\{\\{', 'additionalProperties': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{', 'minItems': 1}, 'properties': {'include': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}, 'exclude': {'type': ['array', 'string'], 'pattern': '\\$\\{\\{'}}}, 'fail-fast': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'max-parallel': {'type': ['integer', 'string'], 'minimum': 1, 'pattern': '\\$\\{\\{'}}}, 'continue-on-error': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'runs-on': {'type': ['string', 'array'], 'items': {'type': 'string'}}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data
