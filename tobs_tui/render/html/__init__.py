"""From records to pages of HTML that any browser shows from the file system, without a script. Pure functions."""
