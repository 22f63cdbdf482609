"""Maintenance: taking a device out of service without losing a packet, and whether that may be done."""
