"""Word banks in several scripts, and the talk that is made from them."""
