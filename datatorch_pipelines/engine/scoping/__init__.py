"""What the parts of a run share, and what expressions see of it."""
