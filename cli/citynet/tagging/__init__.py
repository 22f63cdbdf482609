"""Data identifiers (APN-ID) from the sender: in the packets of a socket, or of all sockets of an unmodified program.

Nothing but Python's standard library is needed, so a program may take this package along without the rest of citynet.
"""

from citynet.tagging.option import Tag, tag_socket

__all__ = ["Tag", "tag_socket"]
