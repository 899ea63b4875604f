from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "earshot.teams"
    label = "teams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.teams import verbs  # noqa: F401
