"""The journal verb of this room."""

from django.utils.translation import gettext_lazy as _

from earshot.journal import verbs

verbs.register({"demo.world_built": _("{actor} built the demonstration company")})
