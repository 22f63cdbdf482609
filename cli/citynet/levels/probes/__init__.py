"""Measurements: `calm` breaks nothing, `border` knocks from outside, `broken` breaks on purpose."""
