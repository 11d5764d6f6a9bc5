"""The full-screen application: screens, widgets, themes and keys. The only room that imports textual."""
