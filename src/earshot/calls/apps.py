from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "earshot.calls"
    label = "calls"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.calls import verbs  # noqa: F401
