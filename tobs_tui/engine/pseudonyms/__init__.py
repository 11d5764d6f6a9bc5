"""Stable stand-ins for the people of a vault: who gets which, and how records and texts are told with them."""
