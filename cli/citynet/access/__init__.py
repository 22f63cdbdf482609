"""Trusted access beyond the device: what an authentication server decides by, and orders to it."""
