"""Talking to the controller of an optical network: ONF TAPI 2.4 over RESTCONF (RFC 8040)."""
