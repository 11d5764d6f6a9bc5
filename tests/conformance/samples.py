"""The pieces that hostile messages are drawn from."""

WORDS = [
    "word", "two", "a", "Ok", "the", "über", "слово", "да", "字", "漢字", "שלום", "مرحبا", "x1", "2024", "don't",
    "e.g.", "C++", "snake_case", "3.14",
]  # fmt: skip
"""Words of several scripts, none of them with a sign of Markdown at its edge."""

SIGNS = [
    "*", "_", "`", "~", "[", "]", "(", ")", "<", ">", "&", "\\", "!", "#", "+", "-", "=", "|", ".", ":", ";", '"',
    "'", "/", "@", "$", "%", "^", "{", "}", "?", ",", "**", "__", "~~", "***", "``", "```", "][", "](", "]:", "![",
    "<b>", "</b>", "<!--", "&amp;", "\\*", "http://",
]  # fmt: skip
"""What Markdown, HTML and their dialects read."""

EMOJI = [
    "🎉", "👍🏽", "👨\u200d👩\u200d👧\u200d👦", "🇺🇦", "❤️", "☕", "1️⃣", "©", "™", "→",
]  # fmt: skip
"""Symbols of one and several code points."""

ADDRESSES = [
    "https://example.org", "https://e.x/a(b)c", "http://e.x/a b", "example.org/x?y=1&z=2#f",
    "https://e.x/<>\\`|*_%20", "https://e.x/_a_*b*~c~", "tg://resolve?domain=x", "mailto:a@b.c",
    "javascript:alert(1)", "https://e.x/&copy;&amp;", "https://e.x/[1]]", "https://пример.рф/путь", 'https://e.x/"q"',
    "", "https://e.x/a\nb",
]  # fmt: skip
"""Addresses of links, some of which must not be linked to."""

LANGUAGES = [
    "", "python", "c++", "c#", "objective-c", "a b", "```", "x`y", "py\nthon", "<b>", "{.x}", "язык",
]  # fmt: skip
"""Languages of code blocks, plain names and others."""

STARTS = [
    "- ", "+ ", "* ", "1. ", "12) ", "0. ", "# ", "## ", "###### m7", "> ", ">", "---", "- - -", "***", "* * *",
    "___", "===", "=", "```", "```python", "~~~", "| a | b |\n|---|---|\n| c | d |", "a | b\n--- | ---", "    code",
    "\tcode", "  \t x", "[x]: /url", "[x]: <b> 'c'", "[^1]: note", "<div>", "</div>", "<!-- ", "<?php", "<script>",
    "<b", ": text", "- [ ] do", "- [x] did", "**A** · 09:00", "\xa0", "+1", "-1", "1.5", "#tag", "--", ":---", "-:",
    "|", "\\", "*", "-", "+", "1.", "1)", "#", "######", "%%", "$$", "^id", "---\ntitle: x\n---", "![", "http://e.x",
    "&#35; x", "&nbsp;",
]  # fmt: skip
"""Beginnings of lines."""

MARKS = [
    "[[note]]", "![[pic.png]]", "==hi==", "== x ==", "%%hid%%", "%%", "$x$", "$$y$$", "^[foot]", "text ^id", "^id",
    "#tag", "#a/b", "#1a", "[!note] x", "> [!tip]", "[^1]", "[^1]: x", "a::b", "#", "$5", "$5 and $6", "[[", "]]",
    "==", "C#",
]  # fmt: skip
"""What Obsidian reads."""

EDGES = [
    *"a1字д", " ", "  ", "\n", "\xa0", *".,;:!?\"'()[]{}<>*_~`-=+/\\|@#$%^&«»„“—…¿。、」", "🎉", "€", "✓", "",
]  # fmt: skip
"""What may stand at a span's edge."""

CODES = [
    "x", "`", "``", "`x`", " x ", " ", "a`b", "``a`", "*x*", "<b>", "&amp;", "\\", "[a](b)", "a  b", "| x |", "$x$",
    "x\ny", "\t", "🎉", "`\n`", "#t", "x\\",
]  # fmt: skip
"""Contents of inline code."""

BLOCKS = [
    "x = 1", "```", "````\ny\n````", "~~~", "  indented\n\n\ttab", "\n\nlead", "trail\n\n", "</code></pre>",
    "a\n> b\n# c", "###### m9", "\\*", "`", "&lt;", "x  \ny", "", " ",
]  # fmt: skip
"""Contents of code blocks."""

LABELS = [
    "site", "[x]", "]", "[", "a](b)", "!", "^x", "*b*", "`c`", "<d>", "a\nb", " x ", "https://e.x", "\\", "🎉",
    "a]b[c", "_", "e.x", "&amp;", "#t",
]  # fmt: skip
"""Texts of links."""

URLS = [
    "https://example.org", "http://e.x/a_b_c", "https://e.x/*a*", "https://e.x/a(b)", "https://e.x/a?b=1&c=2#d",
    "www.e.x", "e.x/y", "https://e.x/&amp;", "https://e.x/~a~b", "ftp://e.x/_f_", "https://e.x/a,b.",
    "HTTP://E.X/__a__", "https://e.x/`a`", "https://пример.рф/_а_", "https://e.x/[a]", "https://www.e.x/a_",
    "user_name_@e.x", "http://", "https://e.x/<b>", "tg://resolve?domain=a_b_", "https://e.x/$a$==b==",
]  # fmt: skip
"""Addresses in a text."""

PIECES = [
    *EMOJI, *WORDS, "e\u0301", "\u0301", "می‌خواهم", "\u200b", "\u2060", "\ufeff", "\u202e", "\u2066", "\u200f",
    "\x00", "\x07", "\x1b[31m", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\xa0", "\u3000", "\u2003",
    "\u00ad", "𝒳", "𐍈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\ufffd", "\ufffe", "\U000e0001", "각", "ﷺ", "\u1680", "`", "*", "_", " ", " ",
    "\n", "- ",
]  # fmt: skip
"""Characters that are easily lost or misread."""

SENTENCES = [
    "Hi all, how are you?", "Meeting at 10:30 – don't be late…", "It costs $5, maybe €4.50.", "Привет! Как дела?",
    "今日は天気がいいですね。", "مرحبا، كيف حالك؟", "I'd say 50% (or more) of it works :-)",
    "AT&T and R&D; a < b, b > a", "see section 3.2, items 1-5", "“Quoted”, she said — loudly!", "Ok 👍",
    "2 + 2 = 4", "haha 😂😂😂",
    "the file is C:\\temp\\new.txt", "snake_case_names and kebab-case-names", "Let's go!", "~20 people, ~3 hours",
    "either/or, and/or", "n.b.: it's 12 o'clock", "Tom's 1st, 2nd and 3rd try", "done/undone [sic]",
    "e-mail me at me@example.org",
]  # fmt: skip
"""What people write."""
