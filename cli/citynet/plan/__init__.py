"""Design to plan: one file per technology, and the lock."""
