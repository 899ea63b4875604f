from django.apps import AppConfig
from django.db.models.signals import post_migrate

from earshot.kit.engine import guards


class JournalConfig(AppConfig):
    name = "earshot.journal"
    label = "journal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Sent once an application; the guards are the house's, so they are written once, after this room's own migrations,
        # and again after every later room's: cheap, and no migration can leave a table unguarded.
        post_migrate.connect(guards.install, dispatch_uid="earshot.guards")
