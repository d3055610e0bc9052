"""django-helpdesk as an administrator sets it up, on SQLite and loopback; what differs between instances is in the environment."""

import os
from pathlib import Path

RUN = Path(os.environ["DESK_RUN"])
SECRET_KEY = os.environ.get("DESK_SECRET_KEY", "for making the template alone, never served")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "helpdesk",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "desk_urls"
_PROCESSORS = ["django.template.context_processors.request"]
_PROCESSORS += [f"django.contrib.{name}.context_processors.{name}" for name in ("auth", "messages")]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _PROCESSORS},
    }
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": RUN / "desk.sqlite3", "OPTIONS": {"timeout": 20}}
}
MEDIA_ROOT, MEDIA_URL, STATIC_URL, LOGIN_URL = RUN / "media", "/media/", "/static/", "/login/"
SITE_ID, DEFAULT_AUTO_FIELD, USE_TZ = 1, "django.db.models.AutoField", True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
HELPDESK_TEAMS_MODE_ENABLED, HELPDESK_KB_ENABLED = False, True
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"]}
