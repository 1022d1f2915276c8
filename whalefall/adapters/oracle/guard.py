"""What keeps a foreign or hostile server from hurting the process that talks to it.

The driver believes a packet's length: one below that of its own header sends its reader into an
endless loop which blocks the whole process, and it would follow a listener's redirection to any
address. So every packet's header is looked at before the driver sees it.
"""

import struct

HEADER_BYTES = 8
LONGEST_PACKET = 2 * 2**20
ACCEPT, REDIRECT, HIGHEST_TYPE = 2, 5, 19
WIDE_SINCE = 315  # the protocol's version from which lengths have four bytes


class Frames:
    """Follows a server's packets through the stream, however it is cut."""

    def __init__(self) -> None:
        self.redirects = False
        self._skip = 0  # bytes of the current packet that are still to come
        self._torn = b""
        self._is_wide = False

    def are_sound(self, data: bytes) -> bool:
        """Whether what came so far may be given to the driver."""
        data, at = self._torn + data, self._skip
        while at + HEADER_BYTES + 2 <= len(data):
            length = struct.unpack_from(">I" if self._is_wide else ">H", data, at)[0]
            kind = data[at + 4]
            if not HEADER_BYTES <= length <= LONGEST_PACKET or not 0 < kind <= HIGHEST_TYPE:
                return False
            if kind == REDIRECT:
                self.redirects = True
                return False
            if kind == ACCEPT and length >= HEADER_BYTES + 2:
                self._is_wide = struct.unpack_from(">H", data, at + 8)[0] >= WIDE_SINCE
            at += length
        self._torn = data[at:]
        self._skip = max(0, at - len(data))
        return True
