from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "earshot.desk"
    label = "desk"

    def ready(self) -> None:
        from earshot.desk import verbs  # noqa: F401
