"""The door of the command line: ``python -m datatorch_pipelines`` and ``datatorch-pipelines``."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line with the process's arguments and gives its exit status."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        return _print_version()
    try:
        import click  # noqa: F401  # only whether it is there
    except ModuleNotFoundError:
        return _complain("the command line needs an extra: pip install 'datatorch-pipelines[cli]'")
    except KeyboardInterrupt:
        return 130
    try:
        from datatorch_pipelines.cli.main import main as run_command
    except KeyboardInterrupt:
        return 130
    return run_command(arguments)


def _print_version() -> int:
    """Prints the version without loading more than the package's face."""
    from datatorch_pipelines import __version__
    from datatorch_pipelines.cli.console import STDOUT, Output

    output = Output(STDOUT)
    output.text(f"datatorch-pipelines {__version__}\n")
    if output.error is None:
        return 0
    from datatorch_pipelines.cli.outcome import SUCCEEDED, result_status

    return result_status(output, SUCCEEDED)


def _complain(message: str) -> int:
    from datatorch_pipelines.cli.console import STDERR, Output

    Output(STDERR).text(f"datatorch-pipelines: {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
