"""What a graph says about the effects of its columns."""
