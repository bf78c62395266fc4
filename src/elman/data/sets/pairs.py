"""Pairs to translate: dates into figures, numbers in words into figures, and how many of a thing into words."""

from datetime import date, timedelta

from elman.data.sets.draw import Draw, distinct, listed

_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = listed("January February March April May June July August September October November December")
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_THINGS = listed(
    "apple box cat dish city dog fox glass key lady match party boy wish baby brush boat story book "
    "bus day berry kiss toy"
)
_KNOWN, _UNSEEN = 4000, 200


def pairs(unseen: bool) -> dict[str, list[str]]:
    """Return the columns source and target."""
    rows = distinct(13, _KNOWN + _UNSEEN, _pair)
    chosen = rows[_KNOWN:] if unseen else rows[:_KNOWN]
    return {"source": [source for source, _ in chosen], "target": [target for _, target in chosen]}


def _pair(draw: Draw) -> tuple[str, str]:
    kind = draw.one((_dated, _dated, _counted, _plural))
    return kind(draw)


def _dated(draw: Draw) -> tuple[str, str]:
    day = date(1990, 1, 1) + timedelta(draw.below(12_000))
    weekday, month = _DAYS[day.weekday()], _MONTHS[day.month - 1]
    ordinal = f"{day.day}{_ORDINALS.get(day.day, 'th')}"
    return draw.one((f"{weekday} {day.day} {month} {day.year}", f"{month} {ordinal}, {day.year}")), day.isoformat()


def _counted(draw: Draw) -> tuple[str, str]:
    number = draw.below(10 ** (2 + draw.below(2)))
    return in_words(number), str(number)


def _plural(draw: Draw) -> tuple[str, str]:
    number, thing = 1 + draw.below(99), draw.one(_THINGS)
    return f"{number} {thing}", f"{in_words(number)} {thing if number == 1 else plural(thing)}"


def in_words(number: int) -> str:
    """Return a number below a thousand in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        rest = f"-{_ONES[number % 10]}" if number % 10 else ""
        return _TENS[number // 10 - 2] + rest
    rest = f" and {in_words(number % 100)}" if number % 100 else ""
    return f"{_ONES[number // 100]} hundred{rest}"


def plural(noun: str) -> str:
    """Return the regular plural of an English noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
