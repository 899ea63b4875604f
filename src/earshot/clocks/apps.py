from django.apps import AppConfig


class ClocksConfig(AppConfig):
    name = "earshot.clocks"
    label = "clocks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.clocks import verbs  # noqa: F401
