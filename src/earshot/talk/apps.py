from django.apps import AppConfig


class TalkConfig(AppConfig):
    name = "earshot.talk"
    label = "talk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.talk import verbs  # noqa: F401
