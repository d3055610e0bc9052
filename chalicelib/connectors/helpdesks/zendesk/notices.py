"""What tells us of agents' work: the webhook and the trigger that calls it. Anybody with the right may switch them off.

Sources: developer.zendesk.com, Webhooks (show, patch) and Triggers (show, update), 2026-08.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.connectors.helpdesks.zendesk.loose import look
from chalicelib.connectors.toolkit.api import ApiClient, segment
from chalicelib.connectors.toolkit.asking import readable
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import NotFoundError, UnsupportedError

_DELETED = "deleted: make it again, as the connector's page says, and store its id"


class Notices:
    """By the ids that the options ``webhook_id`` and ``trigger_id`` name; without these nothing is asked."""

    def __init__(self, api: ApiClient, options: Mapping[str, str]) -> None:
        self._api = api
        self._webhook_id = (options.get("webhook_id") or "").strip()
        self._trigger_id = (options.get("trigger_id") or "").strip()

    def missing(self) -> Sequence[str]:
        """What does not stand or is switched off. UnsupportedError: no ids were stored."""
        if not (self._webhook_id or self._trigger_id):
            raise UnsupportedError("the options webhook_id and trigger_id do not say what to look at")
        webhook, trigger = self._webhook(), self._trigger()
        found: list[str] = []
        if self._webhook_id and (webhook is None or not _is_active(webhook)):
            found.append("the webhook" if webhook is None else "an active webhook")
        if self._trigger_id and (trigger is None or look(trigger.value, "active") is False):
            found.append("the trigger" if trigger is None else "an active trigger")
        elif trigger is not None and self._webhook_id and not _notifies(trigger, self._webhook_id):
            found.append("a trigger that notifies the webhook")
        return found

    def mend(self) -> None:
        """Switch on what is switched off. UnsupportedError: what was deleted, only a person can make again."""
        webhook, trigger = self._webhook(), self._trigger()
        if webhook is not None and not _is_active(webhook):
            path, data = f"/webhooks/{segment(self._webhook_id)}", {"webhook": {"status": "active"}}
            self._api.call("PATCH", path, data=data, idempotent=True)
        if trigger is not None and look(trigger.value, "active") is False:
            path, change = f"/triggers/{segment(self._trigger_id)}", {"trigger": {"active": True}}
            self._api.call("PUT", path, data=change, idempotent=True)
        for name, wanted, found in (("webhook", self._webhook_id, webhook), ("trigger", self._trigger_id, trigger)):
            if wanted and found is None:
                raise UnsupportedError(f"the {name} was {_DELETED}")

    def _webhook(self) -> Reader | None:
        return self._find("webhook", f"/webhooks/{segment(self._webhook_id)}") if self._webhook_id else None

    def _trigger(self) -> Reader | None:
        return self._find("trigger", f"/triggers/{segment(self._trigger_id)}") if self._trigger_id else None

    def _find(self, name: str, path: str) -> Reader | None:
        try:
            answer = self._api.get(path)
        except NotFoundError:
            return None
        with readable():
            return answer.json.need(name)


def _is_active(webhook: Reader) -> bool:
    status: object = look(webhook.value, "status")
    return status == "active"


def _notifies(trigger: Reader, webhook: str) -> bool:
    """Whether an action of the trigger calls this webhook; an action that can't be read may."""
    actions = look(trigger.value, "actions")
    values = [look(item, "value") for item in actions] if isinstance(actions, list) else [[webhook]]
    return any(isinstance(value, list) and webhook in value for value in values)
