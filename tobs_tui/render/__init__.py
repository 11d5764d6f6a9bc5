"""From records to a Markdown vault: text, message blocks, notes, index pages, names. Pure functions, no I/O."""
