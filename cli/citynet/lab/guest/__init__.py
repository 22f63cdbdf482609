"""Runs inside the lab machine, on the image's own Python; the standard library only."""
