"""The figures of a running lab: what a fault, a change or a neighbour costs the traffic."""
