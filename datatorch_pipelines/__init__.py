"""Read, check and run DataTorch pipelines."""
