"""Decomposable Markov networks."""
