"""Evidence: what crossed a border, kept so that nobody can change it unseen.

`record` says what is kept of a flow, `chain` how lines bind each other, `store` writes and `verifying` judges them,
`seals` are heads of a store that somebody else holds, `collecting` brings the flows of border devices in, `exporting`
and `ipfix` give them out.
"""
