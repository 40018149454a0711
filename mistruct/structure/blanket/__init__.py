"""The Markov blanket of one column."""
