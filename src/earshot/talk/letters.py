"""What is sent, in words: the lines of one message, in the language of the one person who gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from babel.dates import format_datetime
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MOST_LINES = 30
MOST_OF_LINE = 300
CODE, TEST, LINES, DIGEST = "code", "test", "lines", "digest"


@dataclass(frozen=True)
class LetterLine:
    """One thing. `earlier`: so many older news of the same cause it stands for. `due`: in words, empty where nothing is due."""

    sentence: str
    link: str
    cause: str = ""
    due: str = ""
    due_at: datetime | None = None
    earlier: int = 0

    def text(self) -> str:
        sentence = self.sentence if len(self.sentence) <= MOST_OF_LINE else f"{self.sentence[:MOST_OF_LINE]}…"
        more = ngettext("(and {n} before it)", "(and {n} before it)", self.earlier).format(n=self.earlier) if self.earlier else ""
        return "\n".join(filter(None, [" ".join(filter(None, [sentence, more])), self.due, self.link]))


@dataclass(frozen=True)
class Letter:
    """One message, worded. `id`: the same for the same message however often it is sent. `subject`: never holds a word of the
    customer's, nor of a message, nor a name of the company's own."""

    id: UUID
    kind: str
    subject: str
    made_at: datetime
    language: str
    opening: str = ""
    lines: list[LetterLine] = field(default_factory=list)
    more: str = ""
    closing: str = ""

    def text(self, most_bytes: int = 100_000) -> str:
        """Plain text; lines that do not fit are counted instead."""
        numbered = [f"{n}. {line.text()}" if len(self.lines) > 1 else line.text() for n, line in enumerate(self.lines, 1)]
        for shown in range(len(numbered), -1, -1):
            left = len(numbered) - shown
            cut = f"{_('and {n} more').format(n=left)} {home()}" if left else ""
            parts = [self.subject, self.opening, *numbered[:shown], cut, self.more, self.closing]
            whole = "\n\n".join(filter(None, parts))
            if len(whole.encode()) <= most_bytes:
                return whole
        return self.subject

    def data(self) -> dict[str, Any]:
        """What a webhook is sent."""
        lines = [
            {
                "sentence": line.sentence,
                "cause": line.cause,
                "due_at": line.due_at.isoformat() if line.due_at else None,
                "link": line.link,
                "earlier": line.earlier,
            }
            for line in self.lines
        ]
        data = {"subject": self.subject, "text": self.opening, "lines": lines, "language": self.language}
        return {"type": f"earshot.{self.kind}", "timestamp": self.made_at.isoformat(), "data": data}


def home(path: str = "/") -> str:
    """An address of the house as people outside write it."""
    return f"{settings.URL}{path}"


def due_in_words(due_at: datetime, now: datetime, zone: tzinfo, language: str) -> str:
    chinese = language.startswith("zh")
    moment = format_datetime(
        due_at, "M月d日 E HH:mm" if chinese else "EEE d MMM HH:mm", tzinfo=zone, locale="zh_CN" if chinese else "en_GB"
    )
    return (_("overdue since {moment}") if due_at < now else _("due {moment}")).format(moment=moment)
