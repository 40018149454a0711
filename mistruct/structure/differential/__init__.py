"""What differs between the networks of groups of rows."""
