from django.apps import AppConfig
from django.db.models.signals import post_migrate

from earshot.kit.engine import fragments


class AccountsConfig(AppConfig):
    name = "earshot.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.accounts import verbs  # noqa: F401

        # Sent once an application, when all migrations are done; the whole index is written anew, so once is enough.
        post_migrate.connect(fragments.install, sender=self, dispatch_uid="earshot.fragments")
