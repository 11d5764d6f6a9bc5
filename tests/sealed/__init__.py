"""A place without network but the loopback device, in which every attempt to reach anything else is counted."""
