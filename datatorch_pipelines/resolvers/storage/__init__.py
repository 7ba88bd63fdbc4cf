"""The store: the folder in which fetched actions are kept."""
