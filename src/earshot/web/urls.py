"""The pages' addresses. Nouns; every act is a POST to one of them."""

from __future__ import annotations

from django.conf import settings
from django.urls import path
from django.views.i18n import set_language

from earshot.web.gallery import gallery
from earshot.web.views import (
    accounts,
    calendars,
    calls,
    clocks,
    conditions,
    day,
    deals,
    deliveries,
    drafts,
    gate,
    items,
    meetings,
    notifications,
    packs,
    people,
    processes,
    reading,
    revisions,
    signing,
    talk,
    war_room,
)

urlpatterns = [
    path("", day.MyDay.as_view(), name="my_day"),
    path("hear/", day.ToHear.as_view(), name="to_hear"),
    path("capture/", meetings.Capture.as_view(), name="capture"),
    path("deals/", deals.Deals.as_view(), name="deals"),
    path("deals/new/", deals.NewDeal.as_view(), name="deal_new"),
    path("deals/<uuid:id>/", war_room.War.as_view(), name="deal"),
    path("deals/<uuid:id>/meetings/new/", meetings.NewMeeting.as_view(), name="meeting_new"),
    path("deals/<uuid:id>/gate/", gate.Gate.as_view(), name="gate"),
    path("deals/<uuid:id>/clocks/", clocks.ClocksOfDeal.as_view(), name="deal_clocks"),
    path("deals/<uuid:id>/process/", processes.Process.as_view(), name="deal_process"),
    path("meetings/<uuid:id>/", meetings.Meeting.as_view(), name="meeting"),
    path("items/<uuid:id>/", items.Item.as_view(), name="item"),
    path("calls/", calls.Calls.as_view(), name="calls"),
    path("calls/<uuid:id>/", calls.Call.as_view(), name="call"),
    path("accounts/", accounts.Accounts.as_view(), name="accounts"),
    path("accounts/new/", accounts.NewAccount.as_view(), name="account_new"),
    path("accounts/<uuid:id>/", accounts.Account.as_view(), name="account"),
    path("teams/<uuid:id>/", talk.Team.as_view(), name="team"),
    path("messages/", talk.Messages.as_view(), name="messages"),
    path("messages/<uuid:id>/", talk.Message.as_view(), name="message"),
    path("discussions/<slug:kind>/<uuid:id>/", talk.Discussion.as_view(), name="discussion"),
    path("people/<uuid:id>/", people.Person.as_view(), name="person"),
    path("people/<uuid:id>/administration/", people.Administration.as_view(), name="administration"),
    path("me/", people.Me.as_view(), name="me"),
    path("me/notifications/", notifications.Notifications.as_view(), name="notifications"),
    path("feeds/<str:key>.ics", notifications.feed, name="feed"),
    path("entries/<uuid:id>/", reading.Entry.as_view(), name="entry"),
    path("search/", reading.Search.as_view(), name="search"),
    path("playbook/", reading.Playbook.as_view(), name="playbook"),
    path("playbook/pack/", packs.Pack.as_view(), name="pack"),
    path("playbook/pack/file/", packs.PackFile.as_view(), name="pack_file"),
    path("playbook/revisions/<uuid:id>/", revisions.Revision.as_view(), name="revision"),
    path("playbook/parts/<slug:part>/", revisions.Part.as_view(), name="part"),
    path("playbook/versions/<uuid:id>/", revisions.Version.as_view(), name="playbook_version"),
    path("playbook/pack/shipped/<slug:name>/", packs.ShippedPack.as_view(), name="shipped_pack"),
    path("playbook/deals/", processes.Followers.as_view(), name="deals_process"),
    path("playbook/revisions/<uuid:id>/<slug:part>/", drafts.Draft.as_view(), name="revision_part"),
    path("playbook/conditions/", conditions.Conditions.as_view(), name="conditions"),
    path("deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("calendars/", calendars.Calendars.as_view(), name="calendars"),
    path("calendars/<uuid:id>/", calendars.Calendar.as_view(), name="calendar"),
    path("calendars/<uuid:id>/days.csv", calendars.Days.as_view(), name="calendar_days"),
    path("sign-in/", signing.sign_in, name="sign_in"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("language/", set_language, name="set_language"),
    path("gallery/", gallery, name="gallery"),
]
if settings.TEST_CLOCK:
    urlpatterns.append(path("test-clock/", clocks.TestClock.as_view(), name="test_clock"))
