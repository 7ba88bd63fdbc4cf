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
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'jobs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string'}, 'project': {'type': ['string', 'integer', 'null']}, 'triggers': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'manual': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, 'annotatorButton': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, 'schedule': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, 'event': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, 'webhook': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'variables': {'type': ['object', 'null']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'jobs': {'type': 'object', 'minProperties': 1, 'additionalProperties': {}}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['name', 'jobs']) - data.keys()
        if data__missing_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"), value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'jobs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string'}, 'project': {'type': ['string', 'integer', 'null']}, 'triggers': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'manual': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, 'annotatorButton': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, 'schedule': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, 'event': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, 'webhook': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'variables': {'type': ['object', 'null']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'jobs': {'type': 'object', 'minProperties': 1, 'additionalProperties': {}}}}, rule='required'))
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
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".name must be string", value=data__name, name="" + (name_prefix or "data") + ".name", definition={'type': 'string'}, rule='type'))
        if "project" in data_keys:
            data_keys.remove("project")
            data__project = data["project"]
            if not isinstance(data__project, (str, int, NoneType)) and not (isinstance(data__project, float) and data__project.is_integer()) or isinstance(data__project, bool):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".project must be string or integer or null", value=data__project, name="" + (name_prefix or "data") + ".project", definition={'type': ['string', 'integer', 'null']}, rule='type'))
        if "triggers" in data_keys:
            data_keys.remove("triggers")
            data__triggers = data["triggers"]
            if not isinstance(data__triggers, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers must be object or null", value=data__triggers, name="" + (name_prefix or "data") + ".triggers", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'manual': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, 'annotatorButton': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, 'schedule': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, 'event': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, 'webhook': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}}}, rule='type'))
            data__triggers_is_dict = isinstance(data__triggers, dict)
            if data__triggers_is_dict:
                data__triggers_keys = set(data__triggers.keys())
                if "manual" in data__triggers_keys:
                    data__triggers_keys.remove("manual")
                    data__triggers__manual = data__triggers["manual"]
                    if not isinstance(data__triggers__manual, (dict, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.manual must be object or null", value=data__triggers__manual, name="" + (name_prefix or "data") + ".triggers.manual", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, rule='type'))
                    data__triggers__manual_is_dict = isinstance(data__triggers__manual, dict)
                    if data__triggers__manual_is_dict:
                        data__triggers__manual_keys = set(data__triggers__manual.keys())
                        if "role" in data__triggers__manual_keys:
                            data__triggers__manual_keys.remove("role")
                            data__triggers__manual__role = data__triggers__manual["role"]
                            if not isinstance(data__triggers__manual__role, (str, NoneType)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.manual.role must be string or null", value=data__triggers__manual__role, name="" + (name_prefix or "data") + ".triggers.manual.role", definition={'type': ['string', 'null']}, rule='type'))
                        if "form" in data__triggers__manual_keys:
                            data__triggers__manual_keys.remove("form")
                            data__triggers__manual__form = data__triggers__manual["form"]
                            if not isinstance(data__triggers__manual__form, (dict, NoneType)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.manual.form must be object or null", value=data__triggers__manual__form, name="" + (name_prefix or "data") + ".triggers.manual.form", definition={'type': ['object', 'null']}, rule='type'))
                        if data__triggers__manual_keys:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.manual must not contain "+str(data__triggers__manual_keys)+" properties", value=data__triggers__manual, name="" + (name_prefix or "data") + ".triggers.manual", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, rule='additionalProperties'))
                if "annotatorButton" in data__triggers_keys:
                    data__triggers_keys.remove("annotatorButton")
                    data__triggers__annotatorButton = data__triggers["annotatorButton"]
                    if not isinstance(data__triggers__annotatorButton, (dict, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.annotatorButton must be object or null", value=data__triggers__annotatorButton, name="" + (name_prefix or "data") + ".triggers.annotatorButton", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, rule='type'))
                    data__triggers__annotatorButton_is_dict = isinstance(data__triggers__annotatorButton, dict)
                    if data__triggers__annotatorButton_is_dict:
                        data__triggers__annotatorButton_keys = set(data__triggers__annotatorButton.keys())
                        if "name" in data__triggers__annotatorButton_keys:
                            data__triggers__annotatorButton_keys.remove("name")
                            data__triggers__annotatorButton__name = data__triggers__annotatorButton["name"]
                            if not isinstance(data__triggers__annotatorButton__name, (str, NoneType)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.annotatorButton.name must be string or null", value=data__triggers__annotatorButton__name, name="" + (name_prefix or "data") + ".triggers.annotatorButton.name", definition={'type': ['string', 'null']}, rule='type'))
                        if "icon" in data__triggers__annotatorButton_keys:
                            data__triggers__annotatorButton_keys.remove("icon")
                            data__triggers__annotatorButton__icon = data__triggers__annotatorButton["icon"]
                            if not isinstance(data__triggers__annotatorButton__icon, (str, NoneType)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.annotatorButton.icon must be string or null", value=data__triggers__annotatorButton__icon, name="" + (name_prefix or "data") + ".triggers.annotatorButton.icon", definition={'type': ['string', 'null']}, rule='type'))
                        if "flow" in data__triggers__annotatorButton_keys:
                            data__triggers__annotatorButton_keys.remove("flow")
                            data__triggers__annotatorButton__flow = data__triggers__annotatorButton["flow"]
                            if not (isinstance(data__triggers__annotatorButton__flow, str) and data__triggers__annotatorButton__flow == '2-points' or isinstance(data__triggers__annotatorButton__flow, str) and data__triggers__annotatorButton__flow == '4-points' or isinstance(data__triggers__annotatorButton__flow, str) and data__triggers__annotatorButton__flow == 'segmentation' or isinstance(data__triggers__annotatorButton__flow, str) and data__triggers__annotatorButton__flow == 'whole-file' or data__triggers__annotatorButton__flow is None):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.annotatorButton.flow must be one of ['2-points', '4-points', 'segmentation', 'whole-file', None]", value=data__triggers__annotatorButton__flow, name="" + (name_prefix or "data") + ".triggers.annotatorButton.flow", definition={'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}, rule='enum'))
                        if data__triggers__annotatorButton_keys:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.annotatorButton must not contain "+str(data__triggers__annotatorButton_keys)+" properties", value=data__triggers__annotatorButton, name="" + (name_prefix or "data") + ".triggers.annotatorButton", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, rule='additionalProperties'))
                if "schedule" in data__triggers_keys:
                    data__triggers_keys.remove("schedule")
                    data__triggers__schedule = data__triggers["schedule"]
                    if not isinstance(data__triggers__schedule, (list, tuple, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule must be array or null", value=data__triggers__schedule, name="" + (name_prefix or "data") + ".triggers.schedule", definition={'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, rule='type'))
                    data__triggers__schedule_is_list = isinstance(data__triggers__schedule, (list, tuple))
                    if data__triggers__schedule_is_list:
                        data__triggers__schedule_len = len(data__triggers__schedule)
                        for data__triggers__schedule_x, data__triggers__schedule_item in enumerate(data__triggers__schedule):
                            if not isinstance(data__triggers__schedule_item, (dict)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + " must be object", value=data__triggers__schedule_item, name="" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + "", definition={'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}, rule='type'))
                            data__triggers__schedule_item_is_dict = isinstance(data__triggers__schedule_item, dict)
                            if data__triggers__schedule_item_is_dict:
                                data__triggers__schedule_item__missing_keys = set(['cron']) - data__triggers__schedule_item.keys()
                                if data__triggers__schedule_item__missing_keys:
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + " must contain " + (str(sorted(data__triggers__schedule_item__missing_keys)) + " properties"), value=data__triggers__schedule_item, name="" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + "", definition={'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}, rule='required'))
                                data__triggers__schedule_item_keys = set(data__triggers__schedule_item.keys())
                                if "cron" in data__triggers__schedule_item_keys:
                                    data__triggers__schedule_item_keys.remove("cron")
                                    data__triggers__schedule_item__cron = data__triggers__schedule_item["cron"]
                                    if not isinstance(data__triggers__schedule_item__cron, (str)):
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}].cron".format(**locals()) + " must be string", value=data__triggers__schedule_item__cron, name="" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}].cron".format(**locals()) + "", definition={'type': 'string'}, rule='type'))
                                if "timezone" in data__triggers__schedule_item_keys:
                                    data__triggers__schedule_item_keys.remove("timezone")
                                    data__triggers__schedule_item__timezone = data__triggers__schedule_item["timezone"]
                                    if not isinstance(data__triggers__schedule_item__timezone, (str, NoneType)):
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}].timezone".format(**locals()) + " must be string or null", value=data__triggers__schedule_item__timezone, name="" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}].timezone".format(**locals()) + "", definition={'type': ['string', 'null']}, rule='type'))
                                if data__triggers__schedule_item_keys:
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + " must not contain "+str(data__triggers__schedule_item_keys)+" properties", value=data__triggers__schedule_item, name="" + (name_prefix or "data") + ".triggers.schedule[{data__triggers__schedule_x}]".format(**locals()) + "", definition={'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}, rule='additionalProperties'))
                if "event" in data__triggers_keys:
                    data__triggers_keys.remove("event")
                    data__triggers__event = data__triggers["event"]
                    if not isinstance(data__triggers__event, (list, tuple, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.event must be array or null", value=data__triggers__event, name="" + (name_prefix or "data") + ".triggers.event", definition={'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, rule='type'))
                    data__triggers__event_is_list = isinstance(data__triggers__event, (list, tuple))
                    if data__triggers__event_is_list:
                        data__triggers__event_len = len(data__triggers__event)
                        for data__triggers__event_x, data__triggers__event_item in enumerate(data__triggers__event):
                            if not isinstance(data__triggers__event_item, (dict)):
                                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}]".format(**locals()) + " must be object", value=data__triggers__event_item, name="" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}]".format(**locals()) + "", definition={'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}, rule='type'))
                            data__triggers__event_item_is_dict = isinstance(data__triggers__event_item, dict)
                            if data__triggers__event_item_is_dict:
                                data__triggers__event_item__missing_keys = set(['type']) - data__triggers__event_item.keys()
                                if data__triggers__event_item__missing_keys:
                                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}]".format(**locals()) + " must contain " + (str(sorted(data__triggers__event_item__missing_keys)) + " properties"), value=data__triggers__event_item, name="" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}]".format(**locals()) + "", definition={'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}, rule='required'))
                                data__triggers__event_item_keys = set(data__triggers__event_item.keys())
                                if "type" in data__triggers__event_item_keys:
                                    data__triggers__event_item_keys.remove("type")
                                    data__triggers__event_item__type = data__triggers__event_item["type"]
                                    if not isinstance(data__triggers__event_item__type, (str)):
                                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}].type".format(**locals()) + " must be string", value=data__triggers__event_item__type, name="" + (name_prefix or "data") + ".triggers.event[{data__triggers__event_x}].type".format(**locals()) + "", definition={'type': 'string'}, rule='type'))
                if "webhook" in data__triggers_keys:
                    data__triggers_keys.remove("webhook")
                    data__triggers__webhook = data__triggers["webhook"]
                    if not isinstance(data__triggers__webhook, (dict, NoneType)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.webhook must be object or null", value=data__triggers__webhook, name="" + (name_prefix or "data") + ".triggers.webhook", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}, rule='type'))
                    data__triggers__webhook_is_dict = isinstance(data__triggers__webhook, dict)
                    if data__triggers__webhook_is_dict:
                        data__triggers__webhook_keys = set(data__triggers__webhook.keys())
                        if data__triggers__webhook_keys:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers.webhook must not contain "+str(data__triggers__webhook_keys)+" properties", value=data__triggers__webhook, name="" + (name_prefix or "data") + ".triggers.webhook", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}, rule='additionalProperties'))
                if data__triggers_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".triggers must not contain "+str(data__triggers_keys)+" properties", value=data__triggers, name="" + (name_prefix or "data") + ".triggers", definition={'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'manual': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, 'annotatorButton': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, 'schedule': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, 'event': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, 'webhook': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}}}, rule='additionalProperties'))
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
        if "variables" in data_keys:
            data_keys.remove("variables")
            data__variables = data["variables"]
            if not isinstance(data__variables, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".variables must be object or null", value=data__variables, name="" + (name_prefix or "data") + ".variables", definition={'type': ['object', 'null']}, rule='type'))
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
        if "jobs" in data_keys:
            data_keys.remove("jobs")
            data__jobs = data["jobs"]
            if not isinstance(data__jobs, (dict)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".jobs must be object", value=data__jobs, name="" + (name_prefix or "data") + ".jobs", definition={'type': 'object', 'minProperties': 1, 'additionalProperties': {}}, rule='type'))
            data__jobs_is_dict = isinstance(data__jobs, dict)
            if data__jobs_is_dict:
                data__jobs_len = len(data__jobs)
                if data__jobs_len < 1:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".jobs must contain at least 1 properties", value=data__jobs, name="" + (name_prefix or "data") + ".jobs", definition={'type': 'object', 'minProperties': 1, 'additionalProperties': {}}, rule='minProperties'))
                data__jobs_keys = set(data__jobs.keys())
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'type': 'object', 'required': ['name', 'jobs'], 'additionalProperties': False, 'properties': {'$schema': {'type': 'string'}, 'name': {'type': 'string'}, 'project': {'type': ['string', 'integer', 'null']}, 'triggers': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'manual': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'role': {'type': ['string', 'null']}, 'form': {'type': ['object', 'null']}}}, 'annotatorButton': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {'name': {'type': ['string', 'null']}, 'icon': {'type': ['string', 'null']}, 'flow': {'enum': ['2-points', '4-points', 'segmentation', 'whole-file', None]}}}, 'schedule': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['cron'], 'additionalProperties': False, 'properties': {'cron': {'type': 'string'}, 'timezone': {'type': ['string', 'null']}}}}, 'event': {'type': ['array', 'null'], 'items': {'type': 'object', 'required': ['type'], 'properties': {'type': {'type': 'string'}}}}, 'webhook': {'type': ['object', 'null'], 'additionalProperties': False, 'properties': {}}}}, 'env': {'type': ['object', 'null'], 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}, 'variables': {'type': ['object', 'null']}, 'timeout': {'type': ['number', 'string'], 'exclusiveMinimum': 0, 'pattern': '\\$\\{\\{'}, 'jobs': {'type': 'object', 'minProperties': 1, 'additionalProperties': {}}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data
