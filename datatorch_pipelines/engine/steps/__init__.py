"""One step: made ready, tried, recorded."""
