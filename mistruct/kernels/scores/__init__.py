"""Scores of a column given its parents."""
