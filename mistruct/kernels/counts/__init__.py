"""Counts of the states of discrete columns, and what is made of them."""
