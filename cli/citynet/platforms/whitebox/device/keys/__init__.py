"""The key agent of a device: it takes keys from a key server and brings them into use, without a gap."""
