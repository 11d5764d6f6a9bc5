"""Bytes on the wire: transports, the key handshake, and the encrypted MTProto 2.0 envelope."""
