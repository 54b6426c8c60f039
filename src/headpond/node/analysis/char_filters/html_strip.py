"""`html_strip`: takes HTML elements away and resolves character references."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import CharFilter

_BLOCKS = (
    "address|article|aside|blockquote|body|br|center|dd|details|dir|div|dl|dt|fieldset|figure|footer|form|frameset|"
    "h[1-6]|head|header|hr|html|isindex|legend|li|main|menu|nav|noframes|noscript|ol|option|p|pre|section|table|tbody|"
    "td|tfoot|th|thead|title|tr|ul"
)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|<!\[CDATA\[|\]\]>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_BLOCKS})\b[^<>]*>", re.IGNORECASE)
_INLINE = re.compile(r"</?[A-Za-z][^<>]*>|<![A-Za-z][^<>]*>|<\?[^<>]*>")


class HtmlStrip(CharFilter):
    """Inline elements vanish, block elements become a line break."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if options.get("escaped_tags"):
            reason = "the html_strip filter's [escaped_tags] is not supported by headpond"
            raise RestError(501, "not_implemented_exception", reason)

    def __call__(self, text: str) -> str:
        """The text alone."""
        text = _BLOCK.sub("\n", _HIDDEN.sub("", text))
        return html.unescape(_INLINE.sub("", text))
