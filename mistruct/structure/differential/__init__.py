"""Comparison of the networks of groups of rows."""
