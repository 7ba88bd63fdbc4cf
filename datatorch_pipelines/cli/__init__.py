"""The command line: each command one call of the library. What it prints is made in `datatorch_pipelines.display`."""
