"""A scorecard in every form in which somebody wants it."""
