from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "earshot.desk"
    label = "desk"
