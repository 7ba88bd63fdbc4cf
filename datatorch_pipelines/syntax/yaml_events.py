"""The parsers of YAML: what gives the events of a text.

Both take the line ends of YAML 1.1 (U+0085, U+2028, U+2029) for line ends, which YAML 1.2 has as ordinary characters:
they read a text that has stand-ins for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import ScalarEvent

_FastParser: Any
try:
    from ruamel.yaml import cyaml
except ImportError:  # the C parser is not there on PyPy
    _FastParser = None
else:
    _FastParser = cyaml.CBaseLoader

Event = Any
"""An event of ruamel.yaml, which doesn't type them."""

HAS_FAST_PARSER = _FastParser is not None
"""Whether the C parser is there."""

_OLD_LINE_ENDS = "\x85\u2028\u2029"


def _parser(text: str, *, pure: bool) -> Callable[[], Event]:
    """ruamel.yaml's own parser, or the C parser: a call gives the next event."""
    # `YAML` would give the C parser as well, but makes a class for each text, which takes ten times as long.
    parser: Any = YAML(typ="safe", pure=True).get_constructor_parser(text)[1] if pure else _FastParser(text)
    get_event: Callable[[], Event] = parser.get_event
    return get_event


def event_source(text: str, *, pure: bool) -> Callable[[], Event]:
    """What gives the text's events one after the other."""
    old = [char for char in _OLD_LINE_ENDS if char in text]
    if not old:
        return _parser(text, pure=pure)
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    stand_ins = {ord(char): stand_in for char, stand_in in zip(old, unused, strict=False)}
    get_event = _parser(text.translate(stand_ins), pure=pure)
    back = {ord(stand_in): chr(code) for code, stand_in in stand_ins.items()}

    def translated() -> Event:
        event = get_event()
        if type(event) is ScalarEvent:
            event.value = event.value.translate(back)
        return event

    return translated
