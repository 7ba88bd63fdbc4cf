"""The library's own checks, one a file; ``CHECKS`` in ``datatorch_pipelines.checks.registry`` lists them."""
