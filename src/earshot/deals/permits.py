from django.utils.translation import gettext_lazy as _

from earshot.people.permits import PERMITS

SEE_ALL = "deals.see_all"
PERMITS.add(SEE_ALL, _("See all deals"))
