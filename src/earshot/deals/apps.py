from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "earshot.deals"
    label = "deals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from earshot.deals import gates, lead_verbs, registry, verbs  # noqa: F401

        registry.LAWS.add("account_known", gates.account_known)
        registry.LAWS.add("goal_and_date", gates.goal_and_date)
