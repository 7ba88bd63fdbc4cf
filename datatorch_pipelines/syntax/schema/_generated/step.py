# mypy: ignore-errors
"""Made by `datatorch_pipelines.syntax.schema.generate`; do not edit."""
from typing import Any
from decimal import Decimal
import re
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


REGEX_PATTERNS = {
    '^[_a-zA-Z][a-zA-Z0-9_-]*$': re.compile('^[_a-zA-Z][a-zA-Z0-9_-]*\\Z'),
    '\\$\\{\\{': re.compile('\\$\\{\\{')
}

NoneType = type(None)

def validate(data: Any, custom_formats: Any = {}, name_prefix: Any = None) -> Any:
    errors = []
    if not isinstance(data, (dict)):
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'id': {'type': 'string', 'pattern': '^[_a-zA-Z][a-zA-Z0-9_-]*$'}, 'action': {'type': ['string', 'object'], 'required': ['name', 'tag'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'tag': {'type': 'string'}, 'git': {'type': ['string', 'null']}, 'file': {'type': ['string', 'null']}}}, 'run': {'type': 'string'}, 'shell': {'type': 'string'}, 'inputs': {'type': ['object', 'null']}, 'cache': {'type': ['boolean', 'null']}, 'if': {'type': ['string', 'boolean']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'idle-timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'continue-on-error': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'retries': {'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, 'working-directory': {'type': 'string'}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "name" in data_keys:
            data_keys.remove("name")
            data__name = data["name"]
            if not isinstance(data__name, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".name must be string", value=data__name, name="" + (name_prefix or "data") + ".name", definition={'type': 'string'}, rule='type'))
        if "id" in data_keys:
            data_keys.remove("id")
            data__id = data["id"]
            if not isinstance(data__id, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".id must be string", value=data__id, name="" + (name_prefix or "data") + ".id", definition={'type': 'string', 'pattern': '^[_a-zA-Z][a-zA-Z0-9_-]*$'}, rule='type'))
            if isinstance(data__id, str):
                if not REGEX_PATTERNS['^[_a-zA-Z][a-zA-Z0-9_-]*$'].search(data__id):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".id must match pattern ^[_a-zA-Z][a-zA-Z0-9_-]*$", value=data__id, name="" + (name_prefix or "data") + ".id", definition={'type': 'string', 'pattern': '^[_a-zA-Z][a-zA-Z0-9_-]*$'}, rule='pattern'))
        if "action" in data_keys:
            data_keys.remove("action")
            data__action = data["action"]
            if not isinstance(data__action, (str, dict)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action must be string or object", value=data__action, name="" + (name_prefix or "data") + ".action", definition={'type': ['string', 'object'], 'required': ['name', 'tag'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'tag': {'type': 'string'}, 'git': {'type': ['string', 'null']}, 'file': {'type': ['string', 'null']}}}, rule='type'))
            data__action_is_dict = isinstance(data__action, dict)
            if data__action_is_dict:
                data__action__missing_keys = set(['name', 'tag']) - data__action.keys()
                if data__action__missing_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action must contain " + (str(sorted(data__action__missing_keys)) + " properties"), value=data__action, name="" + (name_prefix or "data") + ".action", definition={'type': ['string', 'object'], 'required': ['name', 'tag'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'tag': {'type': 'string'}, 'git': {'type': ['string', 'null']}, 'file': {'type': ['string', 'null']}}}, rule='required'))
                data__action_keys = set(data__action.keys())
                if "name" in data__action_keys:
                    data__action_keys.remove("name")
                    data__action__name = data__action["name"]
                    if not isinstance(data__action__name, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action.name must be string", value=data__action__name, name="" + (name_prefix or "data") + ".action.name", definition={'type': 'string'}, rule='type'))
                if "tag" in data__action_keys:
                    data__action_keys.remove("tag")
                    data__action__tag = data__action["tag"]
                    if not isinstance(data__action__tag, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action.tag must be string", value=data__action__tag, name="" + (name_prefix or "data") + ".action.tag", definition={'type': 'string'}, rule='type'))
                if "git" in data__action_keys:
                    data__action_keys.remove("git")
                    data__action__git = data__action["git"]
                    if not isinstance(data__action__git, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action.git must be string or null", value=data__action__git, name="" + (name_prefix or "data") + ".action.git", definition={'type': ['string', 'null']}, rule='type'))
                if "file" in data__action_keys:
                    data__action_keys.remove("file")
                    data__action__file = data__action["file"]
                    if not isinstance(data__action__file, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action.file must be string or null", value=data__action__file, name="" + (name_prefix or "data") + ".action.file", definition={'type': ['string', 'null']}, rule='type'))
                if data__action_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".action must not contain "+str(data__action_keys)+" properties", value=data__action, name="" + (name_prefix or "data") + ".action", definition={'type': ['string', 'object'], 'required': ['name', 'tag'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'tag': {'type': 'string'}, 'git': {'type': ['string', 'null']}, 'file': {'type': ['string', 'null']}}}, rule='additionalProperties'))
        if "run" in data_keys:
            data_keys.remove("run")
            data__run = data["run"]
            if not isinstance(data__run, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".run must be string", value=data__run, name="" + (name_prefix or "data") + ".run", definition={'type': 'string'}, rule='type'))
        if "shell" in data_keys:
            data_keys.remove("shell")
            data__shell = data["shell"]
            if not isinstance(data__shell, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".shell must be string", value=data__shell, name="" + (name_prefix or "data") + ".shell", definition={'type': 'string'}, rule='type'))
        if "inputs" in data_keys:
            data_keys.remove("inputs")
            data__inputs = data["inputs"]
            if not isinstance(data__inputs, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs must be object or null", value=data__inputs, name="" + (name_prefix or "data") + ".inputs", definition={'type': ['object', 'null']}, rule='type'))
        if "cache" in data_keys:
            data_keys.remove("cache")
            data__cache = data["cache"]
            if not isinstance(data__cache, (bool, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".cache must be boolean or null", value=data__cache, name="" + (name_prefix or "data") + ".cache", definition={'type': ['boolean', 'null']}, rule='type'))
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
        if "idle-timeout" in data_keys:
            data_keys.remove("idle-timeout")
            data__idletimeout = data["idle-timeout"]
            if not isinstance(data__idletimeout, (int, float, Decimal, str)) or isinstance(data__idletimeout, bool):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".idle-timeout must be number or string", value=data__idletimeout, name="" + (name_prefix or "data") + ".idle-timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='type'))
            if isinstance(data__idletimeout, str):
                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__idletimeout):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".idle-timeout must match pattern \\$\\{\\{", value=data__idletimeout, name="" + (name_prefix or "data") + ".idle-timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='pattern'))
            if isinstance(data__idletimeout, (int, float, Decimal)) and not isinstance(data__idletimeout, bool):
                if data__idletimeout <= 0:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".idle-timeout must be bigger than 0", value=data__idletimeout, name="" + (name_prefix or "data") + ".idle-timeout", definition={'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, rule='exclusiveMinimum'))
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
        if "continue-on-error" in data_keys:
            data_keys.remove("continue-on-error")
            data__continueonerror = data["continue-on-error"]
            if not isinstance(data__continueonerror, (bool, str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".continue-on-error must be boolean or string", value=data__continueonerror, name="" + (name_prefix or "data") + ".continue-on-error", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='type'))
            if isinstance(data__continueonerror, str):
                if not REGEX_PATTERNS['\\$\\{\\{'].search(data__continueonerror):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".continue-on-error must match pattern \\$\\{\\{", value=data__continueonerror, name="" + (name_prefix or "data") + ".continue-on-error", definition={'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, rule='pattern'))
        if "retries" in data_keys:
            data_keys.remove("retries")
            data__retries = data["retries"]
            if not isinstance(data__retries, (int, dict)) and not (isinstance(data__retries, float) and data__retries.is_integer()) or isinstance(data__retries, bool):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries must be integer or object", value=data__retries, name="" + (name_prefix or "data") + ".retries", definition={'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, rule='type'))
            if isinstance(data__retries, (int, float, Decimal)) and not isinstance(data__retries, bool):
                if data__retries < 0:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries must be bigger than or equal to 0", value=data__retries, name="" + (name_prefix or "data") + ".retries", definition={'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, rule='minimum'))
            data__retries_is_dict = isinstance(data__retries, dict)
            if data__retries_is_dict:
                data__retries__missing_keys = set(['count']) - data__retries.keys()
                if data__retries__missing_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries must contain " + (str(sorted(data__retries__missing_keys)) + " properties"), value=data__retries, name="" + (name_prefix or "data") + ".retries", definition={'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, rule='required'))
                data__retries_keys = set(data__retries.keys())
                if "count" in data__retries_keys:
                    data__retries_keys.remove("count")
                    data__retries__count = data__retries["count"]
                    if not isinstance(data__retries__count, (int)) and not (isinstance(data__retries__count, float) and data__retries__count.is_integer()) or isinstance(data__retries__count, bool):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.count must be integer", value=data__retries__count, name="" + (name_prefix or "data") + ".retries.count", definition={'type': 'integer', 'minimum': 0}, rule='type'))
                    if isinstance(data__retries__count, (int, float, Decimal)) and not isinstance(data__retries__count, bool):
                        if data__retries__count < 0:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.count must be bigger than or equal to 0", value=data__retries__count, name="" + (name_prefix or "data") + ".retries.count", definition={'type': 'integer', 'minimum': 0}, rule='minimum'))
                if "delay" in data__retries_keys:
                    data__retries_keys.remove("delay")
                    data__retries__delay = data__retries["delay"]
                    if not isinstance(data__retries__delay, (int, float, Decimal)) or isinstance(data__retries__delay, bool):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.delay must be number", value=data__retries__delay, name="" + (name_prefix or "data") + ".retries.delay", definition={'type': 'number', 'minimum': 0}, rule='type'))
                    if isinstance(data__retries__delay, (int, float, Decimal)) and not isinstance(data__retries__delay, bool):
                        if data__retries__delay < 0:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.delay must be bigger than or equal to 0", value=data__retries__delay, name="" + (name_prefix or "data") + ".retries.delay", definition={'type': 'number', 'minimum': 0}, rule='minimum'))
                if "backoff" in data__retries_keys:
                    data__retries_keys.remove("backoff")
                    data__retries__backoff = data__retries["backoff"]
                    if not isinstance(data__retries__backoff, (int, float, Decimal)) or isinstance(data__retries__backoff, bool):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.backoff must be number", value=data__retries__backoff, name="" + (name_prefix or "data") + ".retries.backoff", definition={'type': 'number', 'minimum': 0}, rule='type'))
                    if isinstance(data__retries__backoff, (int, float, Decimal)) and not isinstance(data__retries__backoff, bool):
                        if data__retries__backoff < 0:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.backoff must be bigger than or equal to 0", value=data__retries__backoff, name="" + (name_prefix or "data") + ".retries.backoff", definition={'type': 'number', 'minimum': 0}, rule='minimum'))
                if "exit-statuses" in data__retries_keys:
                    data__retries_keys.remove("exit-statuses")
                    data__retries__exitstatuses = data__retries["exit-statuses"]
                    if not isinstance(data__retries__exitstatuses, (list, tuple)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.exit-statuses must be array", value=data__retries__exitstatuses, name="" + (name_prefix or "data") + ".retries.exit-statuses", definition={'type': 'array', 'items': {'type': 'integer'}}, rule='type'))
                    data__retries__exitstatuses_is_list = isinstance(data__retries__exitstatuses, (list, tuple))
                    if data__retries__exitstatuses_is_list:
                        data__retries__exitstatuses_len = len(data__retries__exitstatuses)
                        for data__retries__exitstatuses_x, data__retries__exitstatuses_item in enumerate(data__retries__exitstatuses):
                            if not isinstance(data__retries__exitstatuses_item, (int)) and not (isinstance(data__retries__exitstatuses_item, float) and data__retries__exitstatuses_item.is_integer()) or isinstance(data__retries__exitstatuses_item, bool):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries.exit-statuses[{data__retries__exitstatuses_x}]".format(**locals()) + " must be integer", value=data__retries__exitstatuses_item, name="" + (name_prefix or "data") + ".retries.exit-statuses[{data__retries__exitstatuses_x}]".format(**locals()) + "", definition={'type': 'integer'}, rule='type'))
                if data__retries_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".retries must not contain "+str(data__retries_keys)+" properties", value=data__retries, name="" + (name_prefix or "data") + ".retries", definition={'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, rule='additionalProperties'))
        if "working-directory" in data_keys:
            data_keys.remove("working-directory")
            data__workingdirectory = data["working-directory"]
            if not isinstance(data__workingdirectory, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".working-directory must be string", value=data__workingdirectory, name="" + (name_prefix or "data") + ".working-directory", definition={'type': 'string'}, rule='type'))
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'id': {'type': 'string', 'pattern': '^[_a-zA-Z][a-zA-Z0-9_-]*$'}, 'action': {'type': ['string', 'object'], 'required': ['name', 'tag'], 'additionalProperties': False, 'properties': {'name': {'type': 'string'}, 'tag': {'type': 'string'}, 'git': {'type': ['string', 'null']}, 'file': {'type': ['string', 'null']}}}, 'run': {'type': 'string'}, 'shell': {'type': 'string'}, 'inputs': {'type': ['object', 'null']}, 'cache': {'type': ['boolean', 'null']}, 'if': {'type': ['string', 'boolean']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'idle-timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'continue-on-error': {'type': ['boolean', 'string'], 'pattern': '\\$\\{\\{'}, 'retries': {'type': ['integer', 'object'], 'minimum': 0, 'required': ['count'], 'additionalProperties': False, 'properties': {'count': {'type': 'integer', 'minimum': 0}, 'delay': {'type': 'number', 'minimum': 0}, 'backoff': {'type': 'number', 'minimum': 0}, 'exit-statuses': {'type': 'array', 'items': {'type': 'integer'}}}}, 'working-directory': {'type': 'string'}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data
