"""Texts that come from anywhere, as they may be shown: on a terminal, in an error, in a file of text."""

import unicodedata

# Controls (a terminal obeys them), halves of pairs (no encoding has them), what turns the direction of
# writing or cannot be seen, and separators of lines.
UNSAFE = {"Cc", "Cs", "Cf", "Zl", "Zp"}
# They join letters, and people in emoji; names have them.
JOINERS = "\u200c\u200d"
SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def printable(text: str, *, only_ascii: bool = False) -> str:
    r"""One line of a text: what is unsafe to print becomes `\n`, `\u202e` or `\U000e0001`.

    These are the escapes that Python and TOML have in common. What is printable stays, a backslash too.
    With `only_ascii` all else is escaped.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char, only_ascii) for char in text)


def _shown(char: str, only_ascii: bool) -> str:
    safe = unicodedata.category(char) not in UNSAFE or char in JOINERS
    if safe and (char.isascii() or not only_ascii):
        return char
    code = ord(char)
    return SHORT.get(char) or (f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}")
