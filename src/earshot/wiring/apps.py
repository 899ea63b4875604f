from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "earshot.wiring"
    label = "wiring"

    def ready(self) -> None:
        from earshot.wiring import tables

        tables.fill()
