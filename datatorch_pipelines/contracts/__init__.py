"""The interfaces that others implement: runners, resolvers, runtimes, and the data that passes between them."""

from datatorch_pipelines.contracts.command import MAX_ARGUMENT_BYTES, Command
from datatorch_pipelines.contracts.context import JobSpec, LogSink, StepContext, Stream
from datatorch_pipelines.contracts.environment import JobEnvironment
from datatorch_pipelines.contracts.folders import Paths
from datatorch_pipelines.contracts.human import HumanHandler, Question
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver, ResolveRun
from datatorch_pipelines.contracts.runner import Capabilities, Runner
from datatorch_pipelines.contracts.runtime import RunnableAction, Runtime, StepEnvironment
from datatorch_pipelines.contracts.secrets import SecretProvider

__all__ = [
    "MAX_ARGUMENT_BYTES",
    "Capabilities",
    "Command",
    "HumanHandler",
    "JobEnvironment",
    "JobSpec",
    "LogSink",
    "Paths",
    "Question",
    "ResolveContext",
    "ResolveRun",
    "ResolvedAction",
    "Resolver",
    "RunnableAction",
    "Runner",
    "Runtime",
    "SecretProvider",
    "StepContext",
    "StepEnvironment",
    "Stream",
]
