"""The doors: pages at the root, the API under /api/."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("earshot.api.urls")), path("", include("earshot.web.urls"))]
