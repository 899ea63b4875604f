from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "earshot.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.intake import verbs  # noqa: F401
