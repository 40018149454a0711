"""Learners on samples of the rows."""
