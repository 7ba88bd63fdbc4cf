"""Validators made ahead out of the schemas."""
