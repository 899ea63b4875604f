"""Numbers and money: 万 and 亿 in Chinese, thousands separators in English; the full figure stays within reach."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

SYMBOLS = {"CNY": "¥", "USD": "US$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}


def number(value: Any) -> str:
    """Thousands separators, decimals as they come."""
    if value is None or value == "":
        return ""
    return f"{value:,}" if isinstance(value, int | float | Decimal) else str(value)


def _scaled(amount: Decimal) -> tuple[str, str]:
    """An amount in the Chinese manner: the number and 万, 亿 or nothing."""
    size = abs(amount)
    if size < 10_000:
        return _full(amount), ""
    wan = (amount / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(wan) < 10_000:
        return _trim(wan), "万"
    return _trim((amount / 100_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)), "亿"


def _trim(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _full(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def money(amount: Any, currency: str = "CNY") -> SafeString | str:
    """`amount`: Decimal, int or str. «¥210.5 万» in Chinese, «¥2,105,000» in English; the full figure in title and value."""
    if amount is None or amount == "":
        return ""
    return _said(str(amount), currency, get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=2048)
def _said(amount: str, currency: str, language: str) -> SafeString:
    exact = Decimal(amount)
    sign = "−" if exact < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    full = f"{sign}{symbol}{abs(exact):,.2f}"
    if language.startswith("zh"):
        digits, unit = _scaled(abs(exact))
        said = f"{sign}{symbol}{digits} {unit}".rstrip()
    else:
        said = f"{sign}{symbol}{_full(abs(exact))}"
    return format_html('<data class="money" value="{}" title="{}">{}</data>', exact, full, said)
