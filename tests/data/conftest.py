"""Settings of hypothesis: a machine under load must not fail a test."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
