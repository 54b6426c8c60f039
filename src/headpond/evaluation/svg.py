"""Small drawings as SVG: a frame with scales, ticks and labels. Colours are CSS variables of the page around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

LEFT, RIGHT, TOP, BOTTOM = 52, 16, 12, 40


@dataclass(slots=True)
class Frame:
    """A drawing with two axes.

    Attributes:
        width: in pixels.
        height: in pixels.
        x: the ends of the horizontal scale.
        y: the ends of the vertical scale.
        left: room for the labels of the vertical axis.
        parts: what has been drawn.
    """

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    left: int = LEFT
    parts: list[Markup] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        """Where a value lies, in pixels from the left."""
        low, high = self.x
        return round(self.left + (value - low) / ((high - low) or 1) * (self.width - self.left - RIGHT), 2)

    def at_y(self, value: float) -> float:
        """Where a value lies, in pixels from the top."""
        low, high = self.y
        return round(self.height - BOTTOM - (value - low) / ((high - low) or 1) * (self.height - BOTTOM - TOP), 2)

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through points, in values."""
        path = " ".join(f"{self.at_x(x)},{self.at_y(y)}" for x, y in points)
        self.parts.append(Markup('<polyline class="{}" points="{}"/>').format(kind, path))

    def area(self, upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], kind: str) -> None:
        """What lies between two lines."""
        path = " ".join(f"{self.at_x(x)},{self.at_y(y)}" for x, y in [*upper, *reversed(lower)])
        self.parts.append(Markup('<polygon class="{}" points="{}"/>').format(kind, path))

    def dot(self, x: float, y: float, kind: str, title: str) -> None:
        """A point that says its value when it is pointed at."""
        self.parts.append(
            Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"><title>{}</title></circle>').format(
                kind, self.at_x(x), self.at_y(y), title
            )
        )

    def box(self, x: tuple[float, float], y: tuple[float, float], kind: str, title: str, style: str = "") -> None:
        """A rectangle between two values of each axis."""
        left, right = sorted((self.at_x(x[0]), self.at_x(x[1])))
        top, bottom = sorted((self.at_y(y[0]), self.at_y(y[1])))
        self.parts.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" style="{}"><title>{}</title></rect>').format(
                kind, left, top, round(max(right - left, 0.5), 2), round(max(bottom - top, 0.5), 2), style, title
            )
        )

    def text(self, x: float, y: float, words: str, kind: str = "label", anchor: str = "middle") -> None:
        """Words at a place in pixels."""
        self.parts.append(
            Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(kind, x, y, anchor, words)
        )

    def x_axis(self, label: str, ticks: Sequence[float] | None = None) -> None:
        """Ticks along the bottom, and what they are."""
        bottom = self.height - BOTTOM
        for value in ticks if ticks is not None else nice(*self.x):
            self.text(self.at_x(value), bottom + 16, number(value))
        self.text((self.left + self.width - RIGHT) / 2, self.height - 6, label, "axis")

    def y_axis(self) -> None:
        """Ticks along the left side, with lines across."""
        for value in nice(*self.y):
            y = self.at_y(value)
            self.parts.append(
                Markup('<line class="across" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                    self.left, self.width - RIGHT, y, y
                )
            )
            self.text(self.left - 8, y + 4, number(value), anchor="end")

    def upright(self, x: float, kind: str, words: str = "") -> None:
        """A line from the bottom to the top, with a word beside it."""
        at = self.at_x(x)
        self.parts.append(
            Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, at, at, TOP, self.height - BOTTOM)
        )
        if words:
            anchor, shift = ("end", -5) if at > self.width * 0.75 else ("start", 5)
            self.text(at + shift, TOP + 10, words, "label", anchor)

    def drawn(self, title: str) -> Markup:
        """The whole; the title is read out by screen readers."""
        head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(self.width, self.height, title)
        return head + Markup("\n").join(self.parts) + Markup("</svg>")


def nice(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within two ends."""
    if not math.isfinite(low) or not math.isfinite(high) or high <= low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    return [step * place for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Short, as in `0.25`, `1,200`, `-0.1`."""
    if value == 0 or abs(value) < 1e-12:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else str(escape(f"{value:.3g}"))
