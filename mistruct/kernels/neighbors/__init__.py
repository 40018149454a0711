"""Nearest neighbours: finding them, counting them, and information from the counts."""
