"""One file per feature: its checks, each a pure judgement of what was measured."""
