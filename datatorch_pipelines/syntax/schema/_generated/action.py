# mypy: ignore-errors
"""Made by `datatorch_pipelines.syntax.schema.generate`; do not edit."""
from typing import Any
from decimal import Decimal
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


NoneType = type(None)

def validate(data: Any, custom_formats: Any = {}, name_prefix: Any = None) -> Any:
    errors = []
    if not isinstance(data, (dict)):
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'runs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string', 'maxLength': 40}, 'description': {'type': ['string', 'null'], 'maxLength': 500}, 'author': {'type': ['string', 'null']}, 'cache': {'type': ['boolean', 'null']}, 'inputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'outputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}}, 'runs': {'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['name', 'runs']) - data.keys()
        if data__missing_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"), value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'runs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string', 'maxLength': 40}, 'description': {'type': ['string', 'null'], 'maxLength': 500}, 'author': {'type': ['string', 'null']}, 'cache': {'type': ['boolean', 'null']}, 'inputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'outputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}}, 'runs': {'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}}}, rule='required'))
        data_keys = set(data.keys())
        if "$schema" in data_keys:
            data_keys.remove("$schema")
            data__schema = data["$schema"]
            if not isinstance(data__schema, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".$schema must be string", value=data__schema, name="" + (name_prefix or "data") + ".$schema", definition={'type': 'string'}, rule='type'))
        if "name" in data_keys:
            data_keys.remove("name")
            data__name = data["name"]
            if not isinstance(data__name, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".name must be string", value=data__name, name="" + (name_prefix or "data") + ".name", definition={'type': 'string', 'maxLength': 40}, rule='type'))
            if isinstance(data__name, str):
                data__name_len = len(data__name)
                if data__name_len > 40:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".name must be shorter than or equal to 40 characters", value=data__name, name="" + (name_prefix or "data") + ".name", definition={'type': 'string', 'maxLength': 40}, rule='maxLength'))
        if "description" in data_keys:
            data_keys.remove("description")
            data__description = data["description"]
            if not isinstance(data__description, (str, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".description must be string or null", value=data__description, name="" + (name_prefix or "data") + ".description", definition={'type': ['string', 'null'], 'maxLength': 500}, rule='type'))
            if isinstance(data__description, str):
                data__description_len = len(data__description)
                if data__description_len > 500:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".description must be shorter than or equal to 500 characters", value=data__description, name="" + (name_prefix or "data") + ".description", definition={'type': ['string', 'null'], 'maxLength': 500}, rule='maxLength'))
        if "author" in data_keys:
            data_keys.remove("author")
            data__author = data["author"]
            if not isinstance(data__author, (str, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".author must be string or null", value=data__author, name="" + (name_prefix or "data") + ".author", definition={'type': ['string', 'null']}, rule='type'))
        if "cache" in data_keys:
            data_keys.remove("cache")
            data__cache = data["cache"]
            if not isinstance(data__cache, (bool, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".cache must be boolean or null", value=data__cache, name="" + (name_prefix or "data") + ".cache", definition={'type': ['boolean', 'null']}, rule='type'))
        if "inputs" in data_keys:
            data_keys.remove("inputs")
            data__inputs = data["inputs"]
            if not isinstance(data__inputs, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs must be object or null", value=data__inputs, name="" + (name_prefix or "data") + ".inputs", definition={'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, rule='type'))
            data__inputs_is_dict = isinstance(data__inputs, dict)
            if data__inputs_is_dict:
                data__inputs_keys = set(data__inputs.keys())
                for data__inputs_key in data__inputs_keys:
                    if data__inputs_key not in []:
                        data__inputs_value = data__inputs.get(data__inputs_key)
                        if not isinstance(data__inputs_value, (dict, NoneType)):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}".format(**locals()) + " must be object or null", value=data__inputs_value, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}, rule='type'))
                        data__inputs_value_is_dict = isinstance(data__inputs_value, dict)
                        if data__inputs_value_is_dict:
                            data__inputs_value_keys = set(data__inputs_value.keys())
                            if "type" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("type")
                                data__inputs_value__type = data__inputs_value["type"]
                                if not (isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'string' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'integer' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'float' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'number' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'boolean' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'array' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'list' or isinstance(data__inputs_value__type, str) and data__inputs_value__type == 'object' or data__inputs_value__type is None):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.type".format(**locals()) + " must be one of ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]", value=data__inputs_value__type, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.type".format(**locals()) + "", definition={'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, rule='enum'))
                            if "description" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("description")
                                data__inputs_value__description = data__inputs_value["description"]
                                if not isinstance(data__inputs_value__description, (str, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.description".format(**locals()) + " must be string or null", value=data__inputs_value__description, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.description".format(**locals()) + "", definition={'type': ['string', 'null']}, rule='type'))
                            if "required" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("required")
                                data__inputs_value__required = data__inputs_value["required"]
                                if not isinstance(data__inputs_value__required, (bool, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.required".format(**locals()) + " must be boolean or null", value=data__inputs_value__required, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.required".format(**locals()) + "", definition={'type': ['boolean', 'null']}, rule='type'))
                            if "default" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("default")
                                data__inputs_value__default = data__inputs_value["default"]
                            if "deprecationMessage" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("deprecationMessage")
                                data__inputs_value__deprecationMessage = data__inputs_value["deprecationMessage"]
                                if not isinstance(data__inputs_value__deprecationMessage, (str, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.deprecationMessage".format(**locals()) + " must be string or null", value=data__inputs_value__deprecationMessage, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.deprecationMessage".format(**locals()) + "", definition={'type': ['string', 'null']}, rule='type'))
                            if "options" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("options")
                                data__inputs_value__options = data__inputs_value["options"]
                                if not isinstance(data__inputs_value__options, (list, tuple, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.options".format(**locals()) + " must be array or null", value=data__inputs_value__options, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.options".format(**locals()) + "", definition={'type': ['array', 'null'], 'minItems': 1, 'items': {}}, rule='type'))
                                data__inputs_value__options_is_list = isinstance(data__inputs_value__options, (list, tuple))
                                if data__inputs_value__options_is_list:
                                    data__inputs_value__options_len = len(data__inputs_value__options)
                                    if data__inputs_value__options_len < 1:
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.options".format(**locals()) + " must contain at least 1 items", value=data__inputs_value__options, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.options".format(**locals()) + "", definition={'type': ['array', 'null'], 'minItems': 1, 'items': {}}, rule='minItems'))
                            if "multiline" in data__inputs_value_keys:
                                data__inputs_value_keys.remove("multiline")
                                data__inputs_value__multiline = data__inputs_value["multiline"]
                                if not isinstance(data__inputs_value__multiline, (bool, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}.multiline".format(**locals()) + " must be boolean or null", value=data__inputs_value__multiline, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}.multiline".format(**locals()) + "", definition={'type': ['boolean', 'null']}, rule='type'))
                            if data__inputs_value_keys:
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".inputs.{data__inputs_key}".format(**locals()) + " must not contain "+str(data__inputs_value_keys)+" properties", value=data__inputs_value, name="" + (name_prefix or "data") + ".inputs.{data__inputs_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}, rule='additionalProperties'))
        if "outputs" in data_keys:
            data_keys.remove("outputs")
            data__outputs = data["outputs"]
            if not isinstance(data__outputs, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs must be object or null", value=data__outputs, name="" + (name_prefix or "data") + ".outputs", definition={'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, rule='type'))
            data__outputs_is_dict = isinstance(data__outputs, dict)
            if data__outputs_is_dict:
                data__outputs_keys = set(data__outputs.keys())
                for data__outputs_key in data__outputs_keys:
                    if data__outputs_key not in []:
                        data__outputs_value = data__outputs.get(data__outputs_key)
                        if not isinstance(data__outputs_value, (dict, NoneType)):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}".format(**locals()) + " must be object or null", value=data__outputs_value, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}, rule='type'))
                        data__outputs_value_is_dict = isinstance(data__outputs_value, dict)
                        if data__outputs_value_is_dict:
                            data__outputs_value_keys = set(data__outputs_value.keys())
                            if "type" in data__outputs_value_keys:
                                data__outputs_value_keys.remove("type")
                                data__outputs_value__type = data__outputs_value["type"]
                                if not (isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'string' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'integer' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'float' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'number' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'boolean' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'array' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'list' or isinstance(data__outputs_value__type, str) and data__outputs_value__type == 'object' or data__outputs_value__type is None):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}.type".format(**locals()) + " must be one of ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]", value=data__outputs_value__type, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}.type".format(**locals()) + "", definition={'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, rule='enum'))
                            if "description" in data__outputs_value_keys:
                                data__outputs_value_keys.remove("description")
                                data__outputs_value__description = data__outputs_value["description"]
                                if not isinstance(data__outputs_value__description, (str, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}.description".format(**locals()) + " must be string or null", value=data__outputs_value__description, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}.description".format(**locals()) + "", definition={'type': ['string', 'null']}, rule='type'))
                            if "options" in data__outputs_value_keys:
                                data__outputs_value_keys.remove("options")
                                data__outputs_value__options = data__outputs_value["options"]
                                if not isinstance(data__outputs_value__options, (list, tuple, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}.options".format(**locals()) + " must be array or null", value=data__outputs_value__options, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}.options".format(**locals()) + "", definition={'type': ['array', 'null'], 'minItems': 1, 'items': {}}, rule='type'))
                                data__outputs_value__options_is_list = isinstance(data__outputs_value__options, (list, tuple))
                                if data__outputs_value__options_is_list:
                                    data__outputs_value__options_len = len(data__outputs_value__options)
                                    if data__outputs_value__options_len < 1:
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}.options".format(**locals()) + " must contain at least 1 items", value=data__outputs_value__options, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}.options".format(**locals()) + "", definition={'type': ['array', 'null'], 'minItems': 1, 'items': {}}, rule='minItems'))
                            if "multiline" in data__outputs_value_keys:
                                data__outputs_value_keys.remove("multiline")
                                data__outputs_value__multiline = data__outputs_value["multiline"]
                                if not isinstance(data__outputs_value__multiline, (bool, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}.multiline".format(**locals()) + " must be boolean or null", value=data__outputs_value__multiline, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}.multiline".format(**locals()) + "", definition={'type': ['boolean', 'null']}, rule='type'))
                            if data__outputs_value_keys:
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".outputs.{data__outputs_key}".format(**locals()) + " must not contain "+str(data__outputs_value_keys)+" properties", value=data__outputs_value, name="" + (name_prefix or "data") + ".outputs.{data__outputs_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}, rule='additionalProperties'))
        if "env" in data_keys:
            data_keys.remove("env")
            data__env = data["env"]
            if not isinstance(data__env, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env must be object or null", value=data__env, name="" + (name_prefix or "data") + ".env", definition={'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}}, rule='type'))
            data__env_is_dict = isinstance(data__env, dict)
            if data__env_is_dict:
                data__env_keys = set(data__env.keys())
                for data__env_key in data__env_keys:
                    if data__env_key not in []:
                        data__env_value = data__env.get(data__env_key)
                        if not isinstance(data__env_value, (dict, NoneType)):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + " must be object or null", value=data__env_value, name="" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}, rule='type'))
                        data__env_value_is_dict = isinstance(data__env_value, dict)
                        if data__env_value_is_dict:
                            data__env_value_keys = set(data__env_value.keys())
                            if "description" in data__env_value_keys:
                                data__env_value_keys.remove("description")
                                data__env_value__description = data__env_value["description"]
                                if not isinstance(data__env_value__description, (str, NoneType)):
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env.{data__env_key}.description".format(**locals()) + " must be string or null", value=data__env_value__description, name="" + (name_prefix or "data") + ".env.{data__env_key}.description".format(**locals()) + "", definition={'type': ['string', 'null']}, rule='type'))
                            if data__env_value_keys:
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + " must not contain "+str(data__env_value_keys)+" properties", value=data__env_value, name="" + (name_prefix or "data") + ".env.{data__env_key}".format(**locals()) + "", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}, rule='additionalProperties'))
        if "runs" in data_keys:
            data_keys.remove("runs")
            data__runs = data["runs"]
            if not isinstance(data__runs, (dict)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs must be object", value=data__runs, name="" + (name_prefix or "data") + ".runs", definition={'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}, rule='type'))
            data__runs_is_dict = isinstance(data__runs, dict)
            if data__runs_is_dict:
                data__runs__missing_keys = set(['using']) - data__runs.keys()
                if data__runs__missing_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs must contain " + (str(sorted(data__runs__missing_keys)) + " properties"), value=data__runs, name="" + (name_prefix or "data") + ".runs", definition={'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}, rule='required'))
                data__runs_keys = set(data__runs.keys())
                if "using" in data__runs_keys:
                    data__runs_keys.remove("using")
                    data__runs__using = data__runs["using"]
                    if not isinstance(data__runs__using, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.using must be string", value=data__runs__using, name="" + (name_prefix or "data") + ".runs.using", definition={'type': 'string'}, rule='type'))
                if "main" in data__runs_keys:
                    data__runs_keys.remove("main")
                    data__runs__main = data__runs["main"]
                    if not isinstance(data__runs__main, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.main must be string or null", value=data__runs__main, name="" + (name_prefix or "data") + ".runs.main", definition={'type': ['string', 'null']}, rule='type'))
                if "command" in data__runs_keys:
                    data__runs_keys.remove("command")
                    data__runs__command = data__runs["command"]
                    if not isinstance(data__runs__command, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.command must be string or null", value=data__runs__command, name="" + (name_prefix or "data") + ".runs.command", definition={'type': ['string', 'null']}, rule='type'))
                if "script" in data__runs_keys:
                    data__runs_keys.remove("script")
                    data__runs__script = data__runs["script"]
                    if not isinstance(data__runs__script, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.script must be string or null", value=data__runs__script, name="" + (name_prefix or "data") + ".runs.script", definition={'type': ['string', 'null']}, rule='type'))
                if "image" in data__runs_keys:
                    data__runs_keys.remove("image")
                    data__runs__image = data__runs["image"]
                    if not isinstance(data__runs__image, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.image must be string or null", value=data__runs__image, name="" + (name_prefix or "data") + ".runs.image", definition={'type': ['string', 'null']}, rule='type'))
                if "entrypoint" in data__runs_keys:
                    data__runs_keys.remove("entrypoint")
                    data__runs__entrypoint = data__runs["entrypoint"]
                    if not isinstance(data__runs__entrypoint, (str, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.entrypoint must be string or null", value=data__runs__entrypoint, name="" + (name_prefix or "data") + ".runs.entrypoint", definition={'type': ['string', 'null']}, rule='type'))
                if "args" in data__runs_keys:
                    data__runs_keys.remove("args")
                    data__runs__args = data__runs["args"]
                    if not isinstance(data__runs__args, (list, tuple, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.args must be array or null", value=data__runs__args, name="" + (name_prefix or "data") + ".runs.args", definition={'type': ['array', 'null'], 'items': {'type': 'string'}}, rule='type'))
                    data__runs__args_is_list = isinstance(data__runs__args, (list, tuple))
                    if data__runs__args_is_list:
                        data__runs__args_len = len(data__runs__args)
                        for data__runs__args_x, data__runs__args_item in enumerate(data__runs__args):
                            if not isinstance(data__runs__args_item, (str)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs.args[{data__runs__args_x}]".format(**locals()) + " must be string", value=data__runs__args_item, name="" + (name_prefix or "data") + ".runs.args[{data__runs__args_x}]".format(**locals()) + "", definition={'type': 'string'}, rule='type'))
                if data__runs_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".runs must not contain "+str(data__runs_keys)+" properties", value=data__runs, name="" + (name_prefix or "data") + ".runs", definition={'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}, rule='additionalProperties'))
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'runs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string', 'maxLength': 40}, 'description': {'type': ['string', 'null'], 'maxLength': 500}, 'author': {'type': ['string', 'null']}, 'cache': {'type': ['boolean', 'null']}, 'inputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'required': {'type': ['boolean', 'null']}, 'default': {}, 'deprecationMessage': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'outputs': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'type': {'enum': ['string', 'integer', 'float', 'number', 'boolean', 'array', 'list', 'object', None]}, 'description': {'type': ['string', 'null']}, 'options': {'type': ['array', 'null'], 'minItems': 1, 'items': {}}, 'multiline': {'type': ['boolean', 'null']}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'description': {'type': ['string', 'null']}}}}, 'runs': {'type': 'object', 'required': ['using'], 'additionalProperties': False, 'properties': {'using': {'type': 'string'}, 'main': {'type': ['string', 'null']}, 'command': {'type': ['string', 'null']}, 'script': {'type': ['string', 'null']}, 'image': {'type': ['string', 'null']}, 'entrypoint': {'type': ['string', 'null']}, 'args': {'type': ['array', 'null'], 'items': {'type': 'string'}}}}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data
