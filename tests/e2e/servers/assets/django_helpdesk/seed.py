"""Makes a queue, a custom field, Careloop's user and agents by the wish on standard input; prints users' ids and tokens."""

import json
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from helpdesk.models import CustomField, Queue  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

wish = json.load(sys.stdin)
queue = Queue.objects.create(title=wish["queue"], slug=wish["queue"].lower())
CustomField.objects.create(
    name=wish["case_field"], label="Careloop case", data_type="varchar", max_length=100, staff_only=True, ordering=1
)
made = {}
for item in wish["users"]:
    first, _, last = item["real_name"].partition(" ")
    user = get_user_model().objects.create_user(
        item["name"], password=item["password"], is_staff=True, first_name=first, last_name=last
    )
    made[item["name"]] = {"id": user.pk, "token": Token.objects.create(user=user).key, "password": item["password"]}
print(json.dumps({"queue": queue.pk, "users": made}))
