"""Who answers the questions of a run: a person in the terminal, or answers that were given beforehand."""

from datatorch_pipelines.people.console import ConsoleHuman
from datatorch_pipelines.people.given import GivenAnswers

__all__ = ["ConsoleHuman", "GivenAnswers"]
