"""Text that others wrote, made safe for a terminal, and how wide it is there.

Log lines, messages and file names are data: none may move the cursor, change the window's title, reorder what is read
or look like a line of ours.
"""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = (
    "\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff"
    "\u2028\u2029\ufff9-\ufffb"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of what follows
)
_UNSAFE_CHARACTER = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_JSON = re.compile(f"(?!\n)[{_UNSAFE}]")  # its line ends are its own: those of strings are escaped
_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: cursor, colours, modes
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC: titles, links, clipboard
    r"|[ -/]+[0-~]"  # character sets
    r"|[0-OQ-WYZ\\`-~]"  # everything that is one character long
    r")"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_RESET = "\x1b[0m"


def visible(character: str) -> str:
    """A character as it may be printed: itself, or its code (``\\x07``, ``\\u202e``) when it could mislead."""
    if not _UNSAFE_CHARACTER.match(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """The text on one line: what could move the cursor or mislead the eye shows as its code; a tab stays.

    >>> one_line("a\\nb\\x1b[2J")
    'a\\\\x0ab\\\\x1b[2J'
    """
    return _UNSAFE_CHARACTER.sub(lambda found: visible(found.group()), text)


def escape_unsafe(text: str) -> str:
    """JSON whose strings show the characters that `one_line` shows as codes as JSON's own escapes; it means the same.

    >>> escape_unsafe('{"name": "a\u202eb"}')
    '{"name": "a\\\\u202eb"}'
    """
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def log_line(text: str, *, colours: bool = False) -> str:
    """A line that a step wrote, for a terminal: without escape sequences, other control characters as their codes.

    Of a line that overwrites itself (``\\r``: progress bars) the last state counts. With ``colours`` the sequences that
    only set colours stay, and end with the line.

    >>> log_line("10%\\r100%\\x1b]0;title\\x07 done\\x07")
    '100% done\\\\x07'
    """
    if text.isprintable():  # most lines: nothing to look for
        return text
    states = [state for state in text.split("\r") if state]
    last = states[-1] if states else ""
    pieces: list[str] = []
    position = 0
    coloured = False
    for found in _ESCAPE_SEQUENCE.finditer(last):
        pieces.append(one_line(last[position : found.start()]))
        position = found.end()
        if colours and _COLOUR.fullmatch(found.group()):
            pieces.append(found.group())
            coloured = True
    pieces.append(one_line(last[position:]))
    return "".join(pieces) + (_RESET if coloured else "")


def character_width(character: str) -> int:
    """The terminal columns of one printable character: 2 for East Asian wide ones, 0 for combining ones, else 1."""
    if character.isascii() or character == "\xad":  # terminals show a soft hyphen
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":  # Hangul's vowels
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def text_width(text: str) -> int:
    """The terminal columns of a printable text.

    >>> text_width("abc"), text_width("数据"), text_width("e\\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(character_width, text))
