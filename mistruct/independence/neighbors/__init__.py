"""The test of independence by nearest neighbours."""
