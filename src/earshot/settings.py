"""Settings of one installation. Everything that differs between installations comes from `EARSHOT_*` variables.

`EARSHOT_HOME`      folder of the database, the secret key and collected static files (default: `var` beside the working folder)
`EARSHOT_DATABASE`  `sqlite` (default: a file in the home) or `postgresql://user:password@host:port/name`; with `?prepare=off` behind
                    a pooler that does not know prepared statements
`EARSHOT_HOSTS`     comma-separated host names that may be served (default: localhost and 127.0.0.1)
`EARSHOT_DEMO`      `1`: the sign-in page offers the people of the demonstration company, one click each
`EARSHOT_TEST_CLOCK` `1`: an administrator may move "now" by page, API and command line; for trials, never in production
`EARSHOT_DEBUG`     `1`: Django's debug mode; never in production
`EARSHOT_SECURE`    `1`: behind HTTPS; cookies only over HTTPS, HSTS on
`EARSHOT_URL`       the address by which people open this installation, for links in messages (default: http://localhost:8000)
`EARSHOT_CURRENCY`  ISO 4217 code of the company's own currency, in which sums are said (default: CNY)
`EARSHOT_MAIL`      mail server: `smtp://user:password@host:port?tls=starttls` (or `ssl`, or `off`); `folder`: mails are laid into the
                    folder `mail` of the home, as the demonstration does; unset: nobody gets mail
`EARSHOT_MAIL_FROM` whom mail comes from, such as `Earshot <earshot@example.com>` (default: earshot@ the host of EARSHOT_URL)
`EARSHOT_ROBOTS`    comma-separated `wecom=https://host`: robots of private installations of WeCom, DingTalk and Feishu
`EARSHOT_WEBHOOKS_INSIDE` comma-separated origins (`https://host:port`) in one's own network to which webhooks may go
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, SELF
from django.utils.translation import gettext_lazy as _

PACKAGE = Path(__file__).resolve().parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "") == "1"


HOME = Path(os.environ.get("EARSHOT_HOME", "var")).resolve()
DEBUG = _flag("EARSHOT_DEBUG")
DEMO = _flag("EARSHOT_DEMO")
TEST_CLOCK = _flag("EARSHOT_TEST_CLOCK")
SECURE = _flag("EARSHOT_SECURE")


def _secret_key() -> str:
    """A key of this installation's own, made once and kept readable by its owner only."""
    given = os.environ.get("EARSHOT_SECRET_KEY")
    if given:
        return given
    path = HOME / "secret_key"
    if not path.exists():
        from django.core.management.utils import get_random_secret_key

        HOME.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(get_random_secret_key())
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get("EARSHOT_HOSTS", "localhost,127.0.0.1").split(",")


def database(url: str) -> dict[str, object]:
    """Django's settings of one database. `url`: `sqlite`, `sqlite:///path` or `postgresql://…`."""
    if url == "sqlite":
        url = f"sqlite:///{HOME / 'earshot.sqlite3'}"
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path,
            "OPTIONS": {
                # A writer takes its lock at BEGIN: two browsers in the same second queue instead of failing half-way.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
                "PRAGMA recursive_triggers=ON; PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456;",
            },
        }
    if parts.scheme in ("postgresql", "postgres"):
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.get("host", parts.hostname or "")),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            # Short questions, many times over: compiling a plan costs more than running it.
            # Only prepared queries (kit.engine.prepared) are kept by the server; the third time that one comes, it is.
            "OPTIONS": {"options": "-c jit=off", "prepare_threshold": None if query.get("prepare") == "off" else 2},
        }
    raise ValueError(f"EARSHOT_DATABASE={url!r}: write 'sqlite', 'sqlite:///path' or 'postgresql://user:password@host:port/name'")


def mail(url: str) -> dict[str, Any] | None:
    """What Django's mail backend takes. `url`: `smtp://user:password@host:port?tls=starttls|ssl|off`, or `folder`; empty: there is no
    mail."""
    if not url:
        return None
    if url == "folder":
        return {"backend": "django.core.mail.backends.filebased.EmailBackend", "file_path": HOME / "mail"}
    parts = urlsplit(url)
    tls = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("tls", "starttls")
    if parts.scheme != "smtp" or not parts.hostname or tls not in ("starttls", "ssl", "off"):
        raise ValueError("EARSHOT_MAIL: write 'smtp://user:password@host:port?tls=starttls' (or ssl, or off)")
    return {
        "backend": "django.core.mail.backends.smtp.EmailBackend",
        "timeout": 10,
        "host": parts.hostname,
        "port": parts.port or {"starttls": 587, "ssl": 465, "off": 25}[tls],
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": tls == "starttls",
        "use_ssl": tls == "ssl",
    }


def _listed(name: str) -> list[str]:
    return [part.strip().rstrip("/").lower() for part in os.environ.get(name, "").split(",") if part.strip()]


def robots(listed: list[str]) -> dict[str, list[str]]:
    """Kind of robot → origins of private installations. `listed`: `wecom=https://host`."""
    found: dict[str, list[str]] = {}
    for one in listed:
        kind, _equals, origin = one.partition("=")
        if kind not in ("wecom", "dingtalk", "feishu") or "://" not in origin:
            raise ValueError(f"EARSHOT_ROBOTS={one!r}: write 'wecom=https://host', 'dingtalk=…' or 'feishu=…'")
        found.setdefault(kind, []).append(origin)
    return found


URL = os.environ.get("EARSHOT_URL", "http://localhost:8000").rstrip("/")
MAIL = mail(os.environ.get("EARSHOT_MAIL", "folder" if DEMO else ""))
MAIL_FROM = os.environ.get("EARSHOT_MAIL_FROM") or f"Earshot <earshot@{urlsplit(URL).hostname or 'localhost'}>"
ROBOTS = robots(_listed("EARSHOT_ROBOTS"))
WEBHOOKS_INSIDE = _listed("EARSHOT_WEBHOOKS_INSIDE")


def currency(code: str) -> str:
    """The company's own currency."""
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError(f"EARSHOT_CURRENCY={code!r}: write an ISO 4217 code such as CNY or USD")
    return code


CURRENCY = currency(os.environ.get("EARSHOT_CURRENCY", "CNY"))
DATABASES = {"default": database(os.environ.get("EARSHOT_DATABASE", "sqlite"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

ROOMS = [
    "journal",
    "people",
    "clocks",
    "playbooks",
    "accounts",
    "teams",
    "talk",
    "deals",
    "voice",
    "calls",
    "intake",
    "desk",
    "demo",
    "web",
]
INSTALLED_APPS = [
    *(f"earshot.{room}" for room in ROOMS),
    "earshot.wiring",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_cotton",
    "csp",
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "earshot.web.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
if TEST_CLOCK or DEMO:
    MIDDLEWARE.insert(0, "earshot.clocks.test_clock.Following")
ROOT_URLCONF = "earshot.urls"
WSGI_APPLICATION = "earshot.wsgi.application"

# The journal's labels and every people-facing name live in rooms; Django's own user table is replaced by Login.
AUTH_USER_MODEL = "people.Login"
AUTHENTICATION_BACKENDS = ["earshot.web.sessions.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "my_day"
CSRF_FAILURE_VIEW = "earshot.web.page.csrf_failed"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key"}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
# Apps bring their own catalogs; these rooms are not apps.
LOCALE_PATHS = [PACKAGE / room / "locale" for room in ("kit", "api", "cli")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS: list[Path] = []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "earshot.web.context.house",
            ],
        },
    }
]

COTTON_ISOLATE_BY_DEFAULT = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpcore": {"level": "WARNING"}},  # it would name addresses, and with them keys
}
