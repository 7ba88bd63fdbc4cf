"""From the text of an expression to its tokens."""

from __future__ import annotations

import enum
import math
import re

from attrs import define

from datatorch_pipelines.codes import Code
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions.values import parse_number


class Kind(enum.Enum):
    """What a token is."""

    LITERAL = "a value"
    NAME = "a name"
    SYMBOL = "an operator or bracket"
    END = "the end of the expression"


@define
class Token:
    """A token: ``text`` as written, ``value`` that of a literal or name, ``symbol`` a symbol's GitHub spelling.

    ``symbol`` is empty for what is no symbol.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: str | int | float | bool | None = None
    symbol: str = ""


_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<name>[^\W\d][\w-]*)
  | (?P<dot>\.)
  | (?P<symbol>\|\||&&|==|!=|<=|>=|[<>!()\[\],*|])
  | (?P<string>'(?:[^']|'')*')
  | (?P<closing>\}\})
  | (?P<other>.)
  | $)""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER_START = re.compile(r"[+-]?\.?[0-9]|[+-]Infinity")
_NUMBER_RUN = re.compile(r"[^\s()\[\],!<>=&|{}'\"*]+")
_STEP_WORDS = re.compile(r"[\w-]+(?:[ \t]+[\w-]+)*")
_STEP_WORD = re.compile(r"[\w-]+")
_WORD_LITERALS = {"true": True, "false": False, "null": None, "NaN": math.nan, "Infinity": math.inf}
_WORD_OPERATORS = {"and": "&&", "or": "||", "not": "not"}
_HINTS = {
    **dict.fromkeys('"`\u2018\u2019\u201c\u201d', "put text in single quotes: 'text'"),
    "~": "join texts by format('{0}{1}', a, b)",
    "{": "a mapping is written fromJSON('{}')",
    "}": "close the expression with `}}`",
    "=": "compare with '=='",
    "&": "write '&&' or 'and'",
    "+": "expressions have no arithmetic",
    "-": "expressions have no arithmetic",
    "/": "expressions have no arithmetic",
    "%": "expressions have no arithmetic",
    "?": "write case(condition, value, otherwise)",
    "$": "an expression can't hold another `${{ }}`",
}


def is_reserved(word: str) -> bool:
    """Whether a word is a literal or an operator where a name could begin."""
    return word in _WORD_LITERALS or word in _WORD_OPERATORS


def tokenize(text: str, start: int, *, closing: bool, most: int) -> tuple[list[Token], int]:
    """The tokens from offset ``start``, and the offset after the expression.

    With ``closing`` the expression ends at the first ``}}`` that is not inside quotes (and the offset is after it),
    else with the text. The last token is an END. Raises ``ExpressionError`` for what is no token, for a text whose
    closing quote is missing, and an expression of more than ``most`` characters.
    """
    if closing and text.find("}}", start) < 0:
        raise _unclosed(start)
    tokens: list[Token] = []
    position, match_token = start, _TOKEN.match
    while True:
        match = match_token(text, position)
        group = match.lastgroup if match else None
        if match is None or group is None:
            break
        at, position = match.span(group)
        if at - start > most:
            raise _too_long(start, _end(text, at, closing=closing), most)
        if closing and group == "closing":
            tokens.append(Token(Kind.END, "}}", at, position))
            return tokens, position
        after_dot = bool(tokens) and tokens[-1].symbol == "."
        token = _step_name(text, at) if after_dot and _starts_step(tokens) else None
        if token is None:
            if group == "name":
                token = _word(match[group], at, position, after_dot=after_dot)
            elif group == "symbol" or (group == "dot" and not _starts_number(text, at, tokens)):
                token = Token(Kind.SYMBOL, match[group], at, position, None, match[group])
            elif group == "string":
                token = Token(Kind.LITERAL, match[group], at, position, match[group][1:-1].replace("''", "'"))
            else:
                token = _other(text, at, tokens)
        tokens.append(token)
        position = token.end
    if closing:
        raise _unclosed(start)
    if len(text) - start > most:
        raise _too_long(start, len(text), most)
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens, len(text)


def _end(text: str, position: int, *, closing: bool) -> int:
    """Where an expression probably ends that goes on at an offset."""
    end = text.find("}}", position) if closing else -1
    return len(text) if end < 0 else end


def _too_long(start: int, end: int, most: int) -> ExpressionError:
    return ExpressionError(
        f"an expression of {end - start} characters; at most {most} are allowed",
        column=start + 1,
        end_column=end + 1,
        code=Code.BAD_EXPRESSION,
    )


def _unclosed(start: int) -> ExpressionError:
    """The error for the ``${{`` that ends at an offset."""
    return ExpressionError(
        "this `${{` is never closed",
        column=start + 1 - len("${{"),
        end_column=start + 1,
        code=Code.BAD_EXPRESSION,
        hint="close the expression with `}}`",
    )


def _skip(text: str, position: int) -> int:
    """The offset of the next character that is not white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _starts_number(text: str, position: int, before: list[Token]) -> bool:
    """Whether the dot at an offset begins a number; after a value it looks up a property."""
    return not _ends_operand(before) and _NUMBER_START.match(text, position) is not None


def ends_in_step(tokens: list[Token]) -> bool:
    """Whether the tokens end in what is probably a step's name, after ``steps.``."""
    end = len(tokens)
    while end and tokens[end - 1].kind is Kind.NAME:
        end -= 1
    return end < len(tokens) and end > 1 and tokens[end - 1].symbol == "." and _starts_step(tokens[:end])


STEP_HINT = "a step's name with other characters goes into brackets: steps['Count (all)']"


def _other(text: str, position: int, before: list[Token]) -> Token:
    """The number at an offset; raises for what is none, and for a text without its end."""
    character = text[position]
    if character == "'":
        raise ExpressionError(
            "this text's closing quote is missing",
            column=position + 1,
            end_column=len(text) + 1,
            code=Code.BAD_EXPRESSION,
            hint="close it with ' (a ' inside is written '')",
        )
    if _NUMBER_START.match(text, position):
        return _number(text, position)
    raise ExpressionError(
        f"unexpected {character!r} in the expression",
        column=position + 1,
        code=Code.BAD_EXPRESSION,
        hint=STEP_HINT if ends_in_step(before) else _HINTS.get(character),
    )


def _word(word: str, start: int, end: int, *, after_dot: bool) -> Token:
    """The token of a word: after a dot each is a property's name."""
    if not after_dot:
        if word in _WORD_LITERALS:
            return Token(Kind.LITERAL, word, start, end, _WORD_LITERALS[word])
        if word in _WORD_OPERATORS:
            return Token(Kind.SYMBOL, word, start, end, None, _WORD_OPERATORS[word])
    return Token(Kind.NAME, word, start, end, word)


def _number(text: str, start: int) -> Token:
    match = _NUMBER_RUN.match(text, start)
    run = match.group() if match else text[start]
    value = parse_number(run)
    if isinstance(value, float) and math.isnan(value):
        raise ExpressionError(
            f"{run!r} is not a number",
            column=start + 1,
            end_column=start + len(run) + 1,
            code=Code.BAD_EXPRESSION,
            hint="put text in single quotes: 'text'",
        )
    return Token(Kind.LITERAL, run, start, start + len(run), value)


def _ends_operand(tokens: list[Token]) -> bool:
    """Whether a dot that follows the tokens looks up a property."""
    return bool(tokens) and (tokens[-1].kind is Kind.NAME or tokens[-1].symbol in (")", "]", "*"))


def _starts_step(tokens: list[Token]) -> bool:
    """Whether the tokens end in ``steps.``, where a step's name comes next."""
    if len(tokens) < 2 or tokens[-2].kind is not Kind.NAME or tokens[-2].text.lower() != "steps":
        return False
    return len(tokens) < 3 or tokens[-3].symbol != "."


def _step_name(text: str, start: int) -> Token | None:
    """A step's name, of one or more words, when a ``.`` or ``[`` follows them."""
    run = _STEP_WORDS.match(text, start)
    if run is None:
        return None
    words: list[str] = []
    end = start
    for word in _STEP_WORD.finditer(text, start, run.end()):
        if word.group() in _WORD_OPERATORS and words:
            break
        words.append(word.group())
        end = word.end()
    following = _skip(text, end)
    if following < len(text) and text[following] in ".[":
        return Token(Kind.NAME, text[start:end], start, end, " ".join(words))
    return None
