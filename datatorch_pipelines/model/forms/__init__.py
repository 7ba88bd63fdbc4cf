"""Forms: the JSON Schema of what a person is asked, by which an event is held.

A form is a stranger's, and so is an event: nothing of a form is compiled to code or fetched, its patterns are matched
in time that grows with the text alone, and all work is counted.
"""

from datatorch_pipelines.model.forms.defaults import with_defaults
from datatorch_pipelines.model.forms.mistakes import FormMistake, form_mistakes
from datatorch_pipelines.model.forms.validation import Misfit, misfits

__all__ = ["FormMistake", "Misfit", "form_mistakes", "misfits", "with_defaults"]
