"""The types of service of a deal, and who covers the specialties that they need."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Code, Coded, Named, named
from earshot.deals import actions, specialties
from earshot.deals.models import Deal
from earshot.desk.finding import find, find_row

router = Router()


class SpecialtyShown(TypedDict):
    """`services`: codes of the deal's types of service that need it; `units`: those that have it; `people`: who brings it to the team;
    `own`: the deal's own unit has it. `lacking`: the deal leaves no stage until somebody does (A8.2a)."""

    code: str
    name: str
    services: list[str]
    units: list[Named]
    people: list[Named]
    own: bool
    covered: bool
    lacking: bool


class ServicesShown(TypedDict):
    services: list[Coded]
    specialties: list[SpecialtyShown]


class ServiceType(TypedDict):
    """`specialties`: codes of those that it needs."""

    code: str
    name: str
    specialties: list[str]


class NewServices(Body):
    """Codes of the playbook in force; those that are left out are taken off the deal."""

    services: Annotated[list[Code], Field(max_length=specialties.MOST)]


def _shown(deal: Deal) -> ServicesShown:
    found = specialties.covers(deal)
    wanting = {one.specialty.code for one in specialties.lacking(found)}
    words = zip(deal.service_codes, specialties.services_of(deal), strict=True)
    return {
        "services": [{"code": code, "name": str(row)} for code, row in words],
        "specialties": [
            {
                "code": one.specialty.code,
                "name": str(one.specialty),
                "services": [service.code for service in one.services],
                "units": [named(unit) for unit in one.units],
                "people": [named(person) for person in one.people],
                "own": one.own,
                "covered": one.covered,
                "lacking": one.specialty.code in wanting,
            }
            for one in found
        ],
    }


@router.get("/service-types", response=list[ServiceType])
@read
def list_service_types(request: Asked) -> list[ServiceType]:
    """The types of service of the playbook in force, in its order."""
    me(request)
    needs = specialties.needs()
    return [{"code": code, "name": str(row), "specialties": list(needs.get(code, ()))} for code, row in specialties.catalogue().items()]


@router.get("/deals/{deal_id}/services", response=ServicesShown)
@shows_version
@read
def show_services(request: Asked, deal_id: AnyId) -> Reply:
    """What the deal carries, the specialties that it needs, and who covers each."""
    deal = find(me(request), "deal", deal_id)
    return Reply(_shown(deal), 200, version=deal.version)


@router.put("/deals/{deal_id}/services", response=ServicesShown)
@shows_version
@versioned
@write
def set_services(request: Asked, deal_id: AnyId, body: NewServices) -> Reply:
    """The deal carries these types of service from now on. Where they are others, the votes at its gate lapse."""
    deal = find_row(me(request), "deal", deal_id)
    made = actions.set_services(by=actor(request), deal=deal, version=version(request), services=body.services)
    return Reply(_shown(made), 200, version=made.version)
