"""Reads a condition: recursive descent from `?:` down to names, made into nested functions of a scope.

What is read: `ctx` and `params`, members (`.a`, `?.a`, `['a']`), methods of texts, lists and objects, literals, lists,
`== != === !==`, `< <= > >=`, `instanceof`, `=~` and `==~` with a regular expression, `! && ||`, `?:`, parentheses, and
`return ...;` around it all. Assignments, arithmetic, declarations, loops and lambdas are refused with their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headpond.errors import nearest
from headpond.stages import java_regex
from headpond.stages.painless import values
from headpond.stages.painless.tokens import Token, UnsupportedError, tokens

Scope = Mapping[str, Any]
Expression = Callable[[Scope], Any]
"""A part of a condition; the scope has `ctx` and `params`."""

_DEEPEST = 100
_EQUALITY = ("==", "!=", "===", "!==")
_ORDER = ("<", "<=", ">", ">=")
_ROOTS = ("ctx", "params")
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False}


def parse(text: str) -> Expression:
    """The condition as a function.

    Raises:
        UnsupportedError: something in it is not read here, or it is broken; says what and where.
    """
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self._lists: list[Expression] = []
        self._null: Expression = lambda scope: None

    def whole(self) -> Expression:
        self._take("return")
        expression = self._ternary()
        while self._take(";"):
            pass
        if self._next.kind != "end":
            raise self._refusal()
        return expression

    # -- one method a level of precedence, the loosest first

    def _ternary(self) -> Expression:
        self._deeper()
        condition = self._either()
        if self._take("?:"):
            condition = _elvis(condition, self._ternary())
        elif self._take("?"):
            first = self._ternary()
            self._need(":")
            condition = _choice(condition, first, self._ternary())
        self._depth -= 1
        return condition

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda scope: any(values.truth(part(scope)) for part in parts)

    def _both(self) -> Expression:
        parts = [self._equality()]
        while self._take("&&"):
            parts.append(self._equality())
        return parts[0] if len(parts) == 1 else lambda scope: all(values.truth(part(scope)) for part in parts)

    def _equality(self) -> Expression:
        left = self._relation()
        while (place := self._next.at) and (operator := self._take(*_EQUALITY)):
            right = self._relation()
            if any(side in self._lists for side in (left, right)):
                raise UnsupportedError(
                    f"{operator!r} at character {place} does not compare lists, [contains] looks into them"
                )
            if len(operator) == len("===") and self._null not in (left, right):
                raise UnsupportedError(
                    f"{operator!r} at character {place} is known for null only, use {operator[:2]!r}"
                )
            left = _equal(left, right, wanted=operator.startswith("="))
        return left

    def _relation(self) -> Expression:
        left = self._match()
        while operator := self._take(*_ORDER, "instanceof"):
            left = self._instance(left) if operator == "instanceof" else _ordered(operator, left, self._match())
        return left

    def _instance(self, left: Expression) -> Expression:
        token = self._next
        if token.kind != "name" or token.text not in values.TYPES:
            raise UnsupportedError(f"the type {_named(token, values.TYPES)}")
        self._at += 1
        belongs = values.TYPES[token.text]
        return lambda scope: belongs(left(scope))

    def _match(self) -> Expression:
        left = self._negation()
        while operator := self._take("=~", "==~"):
            token = self._next
            if token.kind != "regex":
                raise UnsupportedError(f"a regular expression /.../ is needed at character {token.at}")
            self._at += 1
            left = _matching(left, token, whole=operator == "==~")
        return left

    def _negation(self) -> Expression:
        if self._take("!"):
            self._deeper()
            inner = self._negation()
            self._depth -= 1
            return lambda scope: not values.truth(inner(scope))
        if self._next.text == "-" and self._tokens[self._at + 1].kind == "number":
            self._at += 1
            negative = self._number(self._advance(), -1)
            return lambda scope: negative
        return self._postfix()

    def _postfix(self) -> Expression:
        value = self._primary()
        while True:
            if operator := self._take(".", "?."):
                value = self._member(value, safe=operator == "?.")
            elif self._take("["):
                key = self._ternary()
                self._need("]")
                value = _item(value, key)
            else:
                return value

    def _member(self, value: Expression, *, safe: bool) -> Expression:
        token = self._advance()
        name = token.text
        if token.kind == "number" and name.isdecimal():
            return _member(value, name, safe)
        if token.kind != "name":
            raise UnsupportedError(f"a name is needed at character {token.at}, not {name!r}")
        if not self._take("("):
            return _member(value, name, safe)
        if name not in values.METHOD_NAMES:
            raise UnsupportedError(f"the method {_named(token, values.METHOD_NAMES)}")
        return _call(value, name, self._list(")"), safe)

    def _primary(self) -> Expression:
        token = self._advance()
        if token.kind == "number":
            number = self._number(token)
            return lambda scope: number
        if token.kind == "text":
            return lambda scope: token.text
        if token.text == "(":
            inner = self._ternary()
            self._need(")")
            return inner
        if token.text == "[":
            parts = self._list("]")
            self._lists.append(lambda scope: [part(scope) for part in parts])
            return self._lists[-1]
        if token.kind == "name":
            return self._name(token)
        self._at -= 1
        raise self._refusal()

    def _name(self, token: Token) -> Expression:
        if token.text == "null":
            return self._null
        if token.text in _CONSTANTS:
            return lambda scope: _CONSTANTS[token.text]
        if token.text in _ROOTS:
            return lambda scope: scope[token.text]
        raise UnsupportedError(f"{token.text!r} at character {token.at} is not known here, only ctx and params are")

    @staticmethod
    def _number(token: Token, sign: int = 1) -> int | float:
        try:
            return sign * values.number(token.text)
        except ValueError as error:
            raise UnsupportedError(f"the number at character {token.at}: {error}") from None

    # -- tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnsupportedError("it is nested too deep")

    def _advance(self) -> Token:
        token = self._next
        if token.kind == "end":
            raise UnsupportedError("it ends too early")
        self._at += 1
        return token

    def _take(self, *texts: str) -> str:
        """The next token's text when it is one of these, and passes over it; else the empty text."""
        token = self._next
        if token.kind in ("operator", "name") and token.text in texts:
            self._at += 1
            return token.text
        return ""

    def _need(self, text: str) -> None:
        if not self._take(text):
            found = repr(self._next.text) if self._next.text else "the end"
            raise UnsupportedError(f"{text!r} is needed at character {self._next.at}, not {found}")

    def _list(self, end: str) -> list[Expression]:
        found: list[Expression] = []
        if self._take(end):
            return found
        while True:
            found.append(self._ternary())
            if not self._take(","):
                self._need(end)
                return found

    def _refusal(self) -> UnsupportedError:
        token = self._next
        if token.kind == "end":
            return UnsupportedError("it ends too early")
        return UnsupportedError(f"{token.text!r} at character {token.at} is not supported here")


def _named(token: Token, known: Any) -> str:
    near = nearest(token.text, known)
    meant = f", did you mean {near!r}?" if near else ""
    return f"{token.text!r} at character {token.at} is not known here{meant}"


def _elvis(value: Expression, other: Expression) -> Expression:
    def run(scope: Scope) -> Any:
        found = value(scope)
        return other(scope) if found is None else found

    return run


def _choice(condition: Expression, first: Expression, second: Expression) -> Expression:
    return lambda scope: first(scope) if values.truth(condition(scope)) else second(scope)


def _equal(left: Expression, right: Expression, *, wanted: bool) -> Expression:
    return lambda scope: values.equal(left(scope), right(scope)) is wanted


def _ordered(operator: str, left: Expression, right: Expression) -> Expression:
    return lambda scope: values.ordered(operator, left(scope), right(scope))


def _matching(left: Expression, token: Token, *, whole: bool) -> Expression:
    try:
        pattern = java_regex.compile(token.text, token.flags)
    except ValueError as error:
        raise UnsupportedError(f"the regular expression at character {token.at}: {error}") from None

    def run(scope: Scope) -> bool:
        value = left(scope)
        if not isinstance(value, str):
            raise values.error("class_cast_exception", "[=~] and [==~] need a text")
        return (pattern.fullmatch if whole else pattern.search)(value) is not None

    return run


def _item(value: Expression, key: Expression) -> Expression:
    return lambda scope: values.item(value(scope), key(scope))


def _member(value: Expression, name: str, safe: bool) -> Expression:
    def run(scope: Scope) -> Any:
        found = value(scope)
        return None if safe and found is None else values.member(found, name)

    return run


def _call(value: Expression, name: str, arguments: list[Expression], safe: bool) -> Expression:
    def run(scope: Scope) -> Any:
        found = value(scope)
        if safe and found is None:
            return None
        return values.call(found, name, [argument(scope) for argument in arguments])

    return run
