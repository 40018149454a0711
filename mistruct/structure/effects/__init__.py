"""Effects of columns that a graph identifies."""
