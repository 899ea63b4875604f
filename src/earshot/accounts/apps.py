from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "earshot.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.accounts import verbs  # noqa: F401
