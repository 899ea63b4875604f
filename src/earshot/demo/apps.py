from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "earshot.demo"
    label = "demo"

    def ready(self) -> None:
        from earshot.demo import verbs  # noqa: F401
