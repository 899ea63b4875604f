from django.apps import AppConfig


class PlaybooksConfig(AppConfig):
    name = "earshot.playbooks"
    label = "playbooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.playbooks import verbs  # noqa: F401
