"""The access agent: who gets on at a port, by 802.1X, and with which right (see `agent`)."""
