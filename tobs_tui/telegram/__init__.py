"""The only room of the product that imports telethon: sessions, sign-in, dialogs, takeout, history, files, decoding."""
