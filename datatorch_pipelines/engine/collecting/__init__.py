"""What a step leaves behind: outputs, files, a result worth keeping."""
