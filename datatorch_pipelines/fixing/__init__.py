"""Reports to edits, and edits to files: mend, pin, upgrade."""
