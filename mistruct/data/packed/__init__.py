"""Tables that stay on disk: packed in a stream of batches, and opened without being read."""
