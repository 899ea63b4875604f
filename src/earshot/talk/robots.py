"""What each kind of channel is sent, and what its answer means: pure. Signed as its vendor documents it.

WeCom     https://developer.work.weixin.qq.com/document/path/91770: the key in the address is all; text of 2,048 bytes at most
DingTalk  https://open.dingtalk.com/document/robots/custom-robot-access: HMAC-SHA256 of "timestamp\\nsecret" under the secret, in base64,
          with the timestamp in milliseconds, both in the address
Feishu    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: HMAC-SHA256 of nothing under "timestamp\\nsecret", in base64,
          with the timestamp in seconds, both in the body
webhook   https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlsplit

from django.utils.translation import gettext_lazy as _
from standardwebhooks import Webhook

from earshot.journal.reactions import Undeliverable, Undelivered
from earshot.kit.problems import say
from earshot.talk.letters import Letter
from earshot.talk.rules import DINGTALK, FEISHU, WEBHOOK, WECOM

# Where robots of the public clouds live; `EARSHOT_ROBOTS` names those of a private one.
ORIGINS = {
    WECOM: ("https://qyapi.weixin.qq.com",),
    DINGTALK: ("https://oapi.dingtalk.com",),
    FEISHU: ("https://open.feishu.cn", "https://open.larksuite.com"),
}
PATHS = {WECOM: "/cgi-bin/webhook/send", DINGTALK: "/robot/send", FEISHU: "/open-apis/bot/v2/hook/"}
MOST_BYTES = {WECOM: 2048, DINGTALK: 15_000, FEISHU: 15_000}
BUSY = {408, 425, 429}
# Codes in an answer of 200 that pass by themselves: too busy, or too many messages a minute.
PASSING = {WECOM: {-1, 45009, 45033}, DINGTALK: {-1, 130101, 410100}, FEISHU: {11232, 9499}}
KNOWN: dict[tuple[str, int], Any] = {
    (WECOM, 93000): _("the robot does not exist any more"),
    (DINGTALK, 300001): _("the robot does not exist any more"),
    (DINGTALK, 300005): _("the robot does not exist any more"),
    (DINGTALK, 310000): _("its security settings refuse the message; choose signing, and give its secret here"),
    (FEISHU, 19001): _("the robot does not exist any more"),
    (FEISHU, 19021): _("the signature does not fit; give its secret here"),
    (FEISHU, 19022): _("its security settings refuse the address of this server"),
    (FEISHU, 19024): _("its security settings ask for a keyword; choose signing, and give its secret here"),
}


@dataclass(frozen=True)
class Request:
    """One POST."""

    url: str
    headers: dict[str, str]
    body: bytes


def request(kind: str, address: str, secret: str, letter: Letter, at: datetime) -> Request:
    """The POST that carries the letter by a robot or a webhook. `at`: by the machine's clock, against which the signature is checked."""
    if kind == WEBHOOK:
        body = json.dumps(letter.data(), ensure_ascii=False)
        signed = {
            "webhook-id": str(letter.id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(str(letter.id), at, body),
        }
        return Request(address, {"content-type": "application/json", **signed}, body.encode())
    # A robot would read <…> as a call to everybody, or as markup.
    text = letter.text(MOST_BYTES[kind]).replace("<", "＜").replace(">", "＞")
    if kind == FEISHU:
        content: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if secret:
            moment = str(int(at.timestamp()))
            content |= {"timestamp": moment, "sign": feishu_sign(secret, moment)}
    else:
        content = {"msgtype": "text", "text": {"content": text}}
    if kind == DINGTALK and secret:
        moment = str(int(at.timestamp() * 1000))
        address += f"&timestamp={moment}&sign={quote_plus(dingtalk_sign(secret, moment))}"
    return Request(address, {"content-type": "application/json; charset=utf-8"}, json.dumps(content, ensure_ascii=False).encode())


def dingtalk_sign(secret: str, moment: str) -> str:
    """`moment`: milliseconds. Still to be made fit for an address."""
    digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def feishu_sign(secret: str, moment: str) -> str:
    """`moment`: seconds."""
    return base64.b64encode(hmac.new(f"{moment}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def judge(kind: str, status: int, body: bytes) -> None:
    """Whether the answer says that it arrived; else `Undelivered`, or `Undeliverable` where trying again would change nothing."""
    if status >= 500 or status in BUSY:
        raise Undelivered(say(_("The other side is busy or broken (HTTP {status})."), status=status))
    if 300 <= status < 400:
        raise Undeliverable(_("The address leads on to another one. Give that one; for safety nothing is followed."))
    if status in (404, 410):
        raise Undeliverable(say(_("Nobody receives anything at this address any more (HTTP {status})."), status=status))
    if status >= 400:
        raise Undeliverable(say(_("The other side refuses the message (HTTP {status})."), status=status))
    if kind == WEBHOOK:
        return
    code = _code(kind, body)
    if code is None:
        raise Undelivered(_("The answer is none that a robot gives."))
    if code == 0:
        return
    if code in PASSING[kind]:
        raise Undelivered(say(_("The robot takes no more messages for now (code {code})."), code=code))
    known = KNOWN.get((kind, code))
    if known is not None:
        raise Undeliverable(say(_("The robot refuses the message (code {code}): {reason}."), code=code, reason=known))
    raise Undeliverable(say(_("The robot refuses the message (code {code})."), code=code))


def _code(kind: str, body: bytes) -> int | None:
    """The code inside an answer of 200: that is where robots say that they failed."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    names = ("code", "StatusCode") if kind == FEISHU else ("errcode",)
    found = [answer[name] for name in names if isinstance(answer, dict) and isinstance(answer.get(name), int)]
    return found[0] if found else None


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
