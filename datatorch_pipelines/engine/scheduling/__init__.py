"""Which jobs may start: order alone, nothing that runs."""
