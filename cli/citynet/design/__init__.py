"""The types of a design, and reading it."""
