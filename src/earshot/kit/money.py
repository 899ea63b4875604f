"""Reading an amount of money as people write it, pure: 2,100,000 and ¥210.5 万 and 1亿5000万, in full-width letters too."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_NUMBER = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_SIMPLE = re.compile(rf"({_NUMBER}|[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{{1,3}})([十百千]?)(万亿|亿|万)?")
_YI_AND_WAN = re.compile(rf"({_NUMBER})([十百千]?)(亿)零?({_NUMBER})([十百千]?)(万)")
_TENS = {"": 1, "十": 10, "百": 100, "千": 1000}
_MYRIADS = {"": 1, "万": 10**4, "亿": 10**8, "万亿": 10**12}
# What may stand before or after the number, and the currencies that it can mean.
SIGNS = {
    "人民币": {"CNY"},
    "RMB": {"CNY"},
    "元": {"CNY"},
    "JP¥": {"JPY"},
    "¥": {"CNY", "JPY"},
    "US$": {"USD"},
    "HK$": {"HKD"},
    "$": {"USD", "HKD", "SGD", "AUD", "CAD", "TWD", "NZD"},
    "€": {"EUR"},
    "£": {"GBP"},
}
_OTHER_FORMS = str.maketrans({"萬": "万", "億": "亿", "圆": "元"})


def read_amount(typed: str) -> tuple[Decimal, str]:
    """The number, and the sign or code of a currency that stood with it ("" for none). ValueError where it is no amount.

    Groups of three digits may be parted by commas; "2,10" is no number, because nobody knows what it means."""
    text = "".join(unicodedata.normalize("NFKC", typed).translate(_OTHER_FORMS).split()) if _one_number(typed) else ""
    sign, text = _without_sign(text)
    if found := _SIMPLE.fullmatch(text):
        return _worth(found.group(1), found.group(2), found.group(3)), sign
    if found := _YI_AND_WAN.fullmatch(text):
        return _worth(*found.group(1, 2, 3)) + _worth(*found.group(4, 5, 6)), sign
    raise ValueError(typed)


def _one_number(typed: str) -> bool:
    """A space beside a sign or a unit is how people write; one between two digits makes two numbers of them."""
    return not re.search(r"[0-9]\s+[0-9]", unicodedata.normalize("NFKC", typed))


def _without_sign(text: str) -> tuple[str, str]:
    for sign in [*SIGNS, *sorted({code for codes in SIGNS.values() for code in codes})]:
        if text.upper().startswith(sign):
            return sign, text[len(sign) :]
        if text.upper().endswith(sign):
            return sign, text[: -len(sign)]
    return "", text


def _worth(digits: str, tens: str, myriads: str | None) -> Decimal:
    return Decimal(digits.replace(",", "")) * _TENS[tens] * _MYRIADS[myriads or ""]


def fits(sign: str, currency: str) -> bool:
    """Whether the sign or code that was typed can mean this currency."""
    return not sign or sign == currency or currency in SIGNS.get(sign, ())
