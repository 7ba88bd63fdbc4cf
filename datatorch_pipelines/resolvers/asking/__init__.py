"""What a repository is asked: its refs, and the commit that one of them means."""
