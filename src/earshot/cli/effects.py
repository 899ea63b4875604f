"""What another playbook would ask of people, line by line."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _

from earshot.deals.asking import Effect
from earshot.playbooks import burden
from earshot.playbooks.policies import SETTINGS_IN_WORDS


def tell_acts(effect: Effect) -> None:
    """The acts of roles that rise or fall."""
    for one in effect.changes:
        sentence = _("{role}, {per}: {before} → {after} ({rises:+d})") if one.rises else _("{role}, {per}: {before} → {after}")
        per, before, after = burden.PER[one.figure.per], acts_in_words(one.before), acts_in_words(one.after)
        click.echo(sentence.format(role=one.figure, per=per, before=before, after=after, rises=one.rises))
    if not (effect.changes or effect.asking):
        click.echo(_("It asks nothing else of anybody."))


def tell_effect(effect: Effect) -> None:
    """The same, then each policy that changes, with whom it asks."""
    tell_acts(effect)
    for asking in effect.asking:
        shift = asking.shift
        before, after = SETTINGS_IN_WORDS[shift.before], SETTINGS_IN_WORDS[shift.after]
        click.echo(f"{shift.policy.means} {before} → {after}")
        for role in asking.roles:
            sentence = _("  {role}: {people} people and {unfilled} empty places, on {deals} open deals")
            click.echo(sentence.format(role=role.name, people=role.people, unfilled=role.unfilled, deals=role.deals))


def acts_in_words(counts: tuple[int, int, int]) -> str:
    demanded, sometimes, warned = counts
    said = [_("{n} acts").format(n=demanded)]
    said += [_("{n} more where a condition holds").format(n=sometimes)] if sometimes else []
    said += [_("{n} only reminded of").format(n=warned)] if warned else []
    return _("; ").join(said)
