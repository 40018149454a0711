"""The G test: its statistic, its null distributions, and the search for separating sets."""
