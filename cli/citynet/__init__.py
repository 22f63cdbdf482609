"""citynet: one city network, two domains."""

__version__ = "0.1.0"
