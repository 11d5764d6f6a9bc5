"""Where things are kept and what was chosen: paths, profiles, settings, credentials, presets, layers of overrides."""
