from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "earshot.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.people import verbs  # noqa: F401
