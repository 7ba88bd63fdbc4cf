"""`DockerRunner`: a container for each job, by the command line of docker or podman."""

from datatorch_pipelines.runners.docker.runner import DockerRunner

__all__ = ["DockerRunner"]
