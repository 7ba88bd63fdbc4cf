"""Validators made ahead out of the schemas."""

MADE_WITH = "2.22.3"
