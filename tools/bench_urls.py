"""The application's addresses and the ceilings'."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from earshot.deals.models import Deal
from earshot.urls import urlpatterns as earshot

COLUMNS = ("id", "number", "title", "amount", "currency", "version", "opened_at", "stage_id", "owner_id", "account__id", "account__name")


def rows(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"items": list(Deal.objects.order_by("-opened_at", "-id").values(*COLUMNS)[:50])})


def row(request: HttpRequest) -> HttpResponse:
    return JsonResponse(Deal.objects.values(*COLUMNS).get(pk=request.GET["id"]))


def sums(request: HttpRequest) -> HttpResponse:
    """The same rows counted and summed by plain GROUP BY."""
    by = Deal.objects.filter(is_open=True).order_by().values("stage_id", "currency")
    return JsonResponse({"items": list(by.annotate(n=Count("pk"), known=Count("amount"), total=Sum("amount")))})


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "web/base.html")


urlpatterns = [*earshot, path("bench/rows", rows), path("bench/row", row), path("bench/page", page), path("bench/sums", sums)]
