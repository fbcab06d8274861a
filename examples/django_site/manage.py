#!/usr/bin/env python3
"""Django's own commands for this site: `migrate`, `runserver`, …"""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_site.settings")
execute_from_command_line(sys.argv)
