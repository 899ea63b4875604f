"""The doors: pages at the root, the API under /api/."""

from django.urls import include, path

urlpatterns = [path("", include("earshot.web.urls"))]
