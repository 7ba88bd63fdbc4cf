"""What a run will do, settled before anything runs."""
