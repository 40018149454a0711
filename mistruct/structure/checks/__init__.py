"""Whether data agree with a graph."""
