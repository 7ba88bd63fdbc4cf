"""How a step says that a text is a secret: a line ``::add-mask::TEXT`` or ``::add_mask::<json>`` on its output.

The first is GitHub Actions' (``%25``, ``%0D`` and ``%0A`` stand for what a line can't hold), the second has the form of
an output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.engine.collecting.outputs import read_json

_RAW = b"::add-mask::"
_JSON = b"::add_mask::"
_LENGTH = len(_RAW)
_LONGEST_LINE = 64 * 1024
_SHORTEST = 3
_MOST = 1_000
"""How many secrets steps may add in a run: each costs a little time for every byte that is logged from then on."""
_MOST_CHARACTERS = 128 * 1024
"""How long all of a run's secrets may be together: long ones cost more, when they become known."""


class MaskLines:
    """Passes a stream of a step's output on to its log, and has the masker learn what its lines say is secret.

    What may become such a line is held back until it is whole, so that no part of the secret is logged before it is
    known. ``on_refused`` is told in a few words why a line was not followed.
    """

    def __init__(self, masker: Masker, on_refused: Callable[[str], None]) -> None:
        self._masker = masker
        self._on_refused = on_refused
        self._held = b""
        self._at_line = True
        self._dropping = False  # within a line that is too long, whose secret is not known

    def feed(self, data: bytes) -> bytes:
        """What may be logged by now, the masker knowing its secrets."""
        if self._dropping:
            end = data.find(b"\n")
            if end < 0:
                return b""
            data, self._dropping, self._at_line = data[end:], False, False
        if self._held:
            data, self._held = self._held + data, b""
        elif not (self._at_line and data.startswith(b":")) and b"\n:" not in data:
            self._at_line = data.endswith(b"\n") if data else self._at_line
            return data
        start = 0 if self._at_line else data.find(b"\n") + 1 or len(data)
        found: list[bytes] = []
        while start < len(data):
            end = data.find(b"\n", start)
            line = data[start : len(data) if end < 0 else end]
            if end < 0:
                if line[:_LENGTH] in (_RAW[: len(line)], _JSON[: len(line)]):
                    self._learn(found)
                    return self._hold(data, start)
                break
            if line.startswith((_RAW, _JSON)):
                found.append(line)
            start = data.find(b"\n:", end) + 1 or len(data)
        self._at_line = data.endswith(b"\n")
        self._learn(found)
        return data

    def _hold(self, data: bytes, start: int) -> bytes:
        """Holds the beginning of a line; the rest of one that is too long is dropped, so that it fills no memory."""
        self._at_line = True
        if len(data) - start <= _LONGEST_LINE:
            self._held = data[start:]
            return data[:start]
        self._on_refused(f"its line is longer than {_LONGEST_LINE} bytes; the rest of it is left out of the log")
        self._dropping = True
        return data[: start + _LENGTH] + b"***"

    def close(self) -> bytes:
        """The rest: nothing more comes."""
        rest, self._held = self._held, b""
        if rest.startswith((_RAW, _JSON)):
            self._learn([rest])
        return rest

    def _learn(self, lines: Sequence[bytes]) -> None:
        """Has the masker learn what whole lines say, all at once: each time costs the same."""
        new: dict[str, None] = {}
        known = self._masker.secrets
        length = sum(map(len, known)) if lines else 0
        for line in lines:
            text = _secret(line)
            if text in known or text in new:
                continue
            if len(text.strip()) < _SHORTEST:
                self._on_refused(f"it has fewer than {_SHORTEST} characters")
            elif len(known) + len(new) >= _MOST:
                self._on_refused(f"the run has {_MOST} secrets already")
            elif length + len(text) > _MOST_CHARACTERS:
                self._on_refused(f"the run's secrets have {_MOST_CHARACTERS} characters already")
            else:
                new[text] = None
                length += len(text)
        if new:
            self._masker.add(*new)


def _secret(line: bytes) -> str:
    """The secret that a line names."""
    text = line[_LENGTH:].rstrip(b"\r").decode("utf-8", "replace")
    if line.startswith(_JSON):
        try:
            value = read_json(line[_LENGTH:])
        except ValueError:
            return text  # masked all the same: it was meant to be secret
        return value if isinstance(value, str) else text
    for code, letter in (("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, letter)
    return text
