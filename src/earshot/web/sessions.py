"""Who is here: signing in and out, and what somebody typed while the sign-in had expired."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, login, logout
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.utils.crypto import constant_time_compare

from earshot import kit
from earshot.kit import uuid7
from earshot.kit.clock import machine_time
from earshot.kit.engine.prepared import MOST, Prepared
from earshot.people.models import Login, Person

SALT = "earshot.web.author"
KEPT = "kept_forms"
MOST_KEPT = 3
MOST_LETTERS = 200_000


_LOGIN = Prepared(lambda login: Login.objects.select_related("person", "person__unit").filter(pk=login))


class Backend(ModelBackend):
    """Passwords, as Django keeps them; who has left the company is out. Login, person and unit come in one statement."""

    def get_user(self, user_id: Any) -> Login | None:
        found = _LOGIN.one(Login._meta.pk.to_python(user_id))
        return found if found is not None and self.user_can_authenticate(found) else None

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.is_active) and (user.person is None or user.person.left_at is None)


_SESSIONS = Prepared(lambda keys: Session.objects.filter(session_key__in=keys).values_list("session_key", "session_data", "expire_date"))
_LOGINS = Prepared(lambda logins: Login.objects.select_related("person").filter(pk__in=logins))


def signed_in(sessions: Collection[str]) -> dict[str, UUID]:
    """Session key → the id of the person who is signed in by it, as a page would find; the others are left out. Two statements for
    each five hundred keys; nothing is written."""
    found: dict[str, UUID] = {}
    keys = sorted(key for key in sessions if key.isascii() and len(key) <= 40 and "\x00" not in key)
    for first in range(0, len(keys), MOST):
        rows = _SESSIONS.rows(keys[first : first + MOST])
        held = {key: SessionStore().decode(data) for key, data, ends in rows if ends > machine_time()}
        claims = {key: one for key, one in held.items() if one.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS}
        ids = {login for one in claims.values() if (login := _login_id(one.get(SESSION_KEY)))}
        logins = {login.pk: login for login in _LOGINS.objects(sorted(ids))}
        for key, one in claims.items():
            login_found = logins.get(_login_id(one.get(SESSION_KEY)))
            if login_found and login_found.person_id and Backend().user_can_authenticate(login_found) and _holds(login_found, one):
                found[key] = login_found.person_id
    return found


def _login_id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _holds(user: Login, session: Mapping[str, Any]) -> bool:
    """Whether the session was begun with the password that still holds."""
    kept = session.get(HASH_SESSION_KEY) or ""
    wanted = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(kept, one) for one in wanted)


def person_of(request: HttpRequest) -> Person | None:
    user = request.user
    return user.person if isinstance(user, Login) else None


def signed(person: Person) -> str:
    """What every form of this person carries: so that a form sent after the sign-in had expired still knows its author."""
    return signing.dumps(str(person.pk), salt=SALT)


def author_of(request: HttpRequest) -> str:
    """The id of the person whose form this is, or nothing where no form of ours says so."""
    try:
        return str(UUID(signing.loads(request.POST.get("author", ""), salt=SALT, max_age=14 * 24 * 3600)))
    except (signing.BadSignature, ValueError, TypeError):
        return ""


def keep_form(request: HttpRequest, *, aside: bool = False) -> str:
    """Keep on the server what was typed into a form that cannot be taken now; returns the name under which its author finds it
    again, or nothing where there is no author to find it. `aside`: its author put it aside to do something else first."""
    author = author_of(request)
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name not in ("csrfmiddlewaretoken", "author")]
    if not author or sum(len(name) + len(value) for name, value in fields) > MOST_LETTERS:
        return ""
    name = str(uuid7())
    kept = list(request.session.get(KEPT, []))[-MOST_KEPT + 1 :]
    kept.append({"name": name, "author": author, "path": request.path, "fields": fields, "at": kit.now().isoformat(), "aside": aside})
    request.session[KEPT] = kept
    return name


def kept_form(request: HttpRequest, person: Person) -> tuple[QueryDict, bool] | None:
    """The form that the address asks for, if this person typed it, on this page; and whether he or she had put it aside."""
    wanted = request.GET.get("typed", "")
    for kept in request.session.get(KEPT, []) if wanted else []:
        if kept["name"] == wanted and kept["author"] == str(person.pk) and kept["path"] == request.path:
            typed = QueryDict(mutable=True)
            for name, value in kept["fields"]:
                typed.appendlist(name, value)
            return typed, bool(kept.get("aside"))
    return None


def forget_forms(request: HttpRequest, person: Person) -> None:
    """The form of this page was taken: what was kept of it is no longer needed."""
    kept = request.session.get(KEPT, [])
    left = [one for one in kept if one["author"] != str(person.pk) or one["path"] != request.path]
    if len(left) != len(kept):
        request.session[KEPT] = left


def enter(request: HttpRequest, user: Login) -> None:
    """Sign in. What was kept for its authors outlives the change of session, whoever signs in; only its author is shown it."""
    kept = request.session.get(KEPT)
    login(request, user, backend="earshot.web.sessions.Backend")
    if kept:
        request.session[KEPT] = kept


def leave(request: HttpRequest) -> None:
    kept = request.session.get(KEPT)
    logout(request)
    if kept:
        request.session[KEPT] = kept
