"""Whether a table agrees with a graph."""
