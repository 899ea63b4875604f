"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from earshot.kit.processes import end_with_server

end_with_server()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "earshot.settings")
application = get_wsgi_application()
