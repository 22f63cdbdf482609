"""Paths: which way a service takes through the network, why, and the segment lists that make it so.

`network` is what paths are searched in, `wanted` what a policy asks of them, `search` finds them in order, `choice`
takes the primary, its backup and what shares the load, `segments` turns a path into SIDs, `planning` writes the plan,
`refusal` tells what cannot be had and the best that could, `explain` why a path was taken and others were not.
"""
