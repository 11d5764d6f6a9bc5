"""Small real files, made by the project itself: pictures, a film, spoken notes, music, documents."""
