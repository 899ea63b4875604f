from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "earshot.voice"
    label = "voice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.voice import verbs  # noqa: F401
