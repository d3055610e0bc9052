"""The WhatsApp twin's Cloud API: sending, files, the number's health, the business account's subscription.

Facts: Cloud API > Messages, Media (2026-06-16), Support > error codes (2026-06-18); WhatsApp Business Account >
subscribed_apps. Taken is not delivered: the window, a missing account and the like come later, as a failed status.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from careloop.twins.base import Handler, Twin, TwinRequest, TwinResponse, reply_json
from careloop.twins.forms import read_form
from careloop.twins.whatsapp_world import APP, LINK_LASTS, NUMBER, WABA, Data, Refused, WhatsAppWorld

MEDIA_BASE = "https://lookaside.fbsbx.com"
_DOWNLOAD = "/whatsapp_business/attachments/"
_MEDIA = ("image", "video", "audio", "document", "sticker")
_CAPTIONED = ("image", "video", "document")
_MB = 1_000_000
_LARGEST = {"image": 5 * _MB, "video": 16 * _MB, "audio": 16 * _MB}
_PAIR_SECONDS = 6


class WhatsAppApi(Twin):
    """The vendor's side; what people do is in `WhatsAppTwin`. ``paced``: one message in six seconds to one person."""

    name = "whatsapp"

    def __init__(self, world: WhatsAppWorld, token: str, *, paced: bool) -> None:
        self.world = world
        self.token = token
        self.paced = paced
        super().__init__()

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Below a version; downloads are on a host of their own."""
        return {
            ("GET", rf"/v[0-9.]+/{NUMBER}"): self._guarded(self._number),
            ("POST", rf"/v[0-9.]+/{NUMBER}/messages"): self._guarded(self._send),
            ("POST", rf"/v[0-9.]+/{NUMBER}/media"): self._guarded(self._upload),
            ("GET", rf"/v[0-9.]+/{WABA}/subscribed_apps"): self._guarded(self._apps),
            ("POST", rf"/v[0-9.]+/{WABA}/subscribed_apps"): self._guarded(self._subscribe),
            ("GET", _DOWNLOAD): self._download,
            ("GET", r"/v[0-9.]+/([0-9]+)"): self._guarded(self._media),
        }

    def not_found(self, request: TwinRequest) -> TwinResponse:
        """Graph's answer for whatever it does not know."""
        refused = Refused(400, 100, "Unsupported request.", subcode=33)
        return reply_json(refused.body, refused.status)

    def _guarded(self, act: Any) -> Handler:
        def handle(request: TwinRequest) -> TwinResponse:
            try:
                if request.headers.get("authorization") != f"Bearer {self.token}":
                    raise Refused(401, 190, "Invalid OAuth access token.")
                return reply_json(act(request))
            except Refused as refused:
                return reply_json(refused.body, refused.status)

        return handle

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(self, request: TwinRequest) -> Data:
        wanted = request.json
        if wanted.get("messaging_product") != "whatsapp":
            raise Refused(400, 100, "The parameter messaging_product is required.")
        to = wanted.get("to") or wanted.get("recipient")
        if not to:
            raise Refused(400, 131008, "Required parameter is missing: to")
        kind = wanted.get("type", "text")
        content = self._template(wanted) if kind == "template" else self._content(kind, wanted)
        wamid = self.world.next("wamid.HBgNtwin")
        sent = {
            "id": wamid,
            "to": to,
            "type": kind,
            "content": content,
            "quotes": wanted.get("context", {}).get("message_id"),
            "mark": wanted.get("biz_opaque_callback_data"),
            "at": self.world.now(),
        }
        self._pace(to)
        self.world.data["sent"][wamid] = sent
        self._forward(sent)
        key = "user_id" if to.startswith("DE.") else "wa_id"
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, key: to}],
            "messages": [{"id": wamid, "message_status": "accepted"}],
        }

    def _content(self, kind: str, wanted: Data) -> str:
        part = wanted.get(kind)
        if not isinstance(part, dict):
            raise Refused(400, 131008, f"Required parameter is missing: {kind}")
        if kind == "text":
            body = part.get("body")
            if not isinstance(body, str) or not 1 <= len(body) <= 4096:
                raise Refused(400, 100, "Param text['body'] must be at most 4096 characters long.")
            return body
        if kind not in _MEDIA:
            raise Refused(400, 131051, "Unsupported message type")
        if part.get("caption") is not None and (kind not in _CAPTIONED or len(part["caption"]) > 1024):
            raise Refused(400, 131009, "Parameter value is not valid: caption")
        file = self.world.data["media"].get(part.get("id", ""))
        if file is None:
            raise Refused(400, 131009, "Parameter value is not valid: media id")
        words: str = part.get("caption") or file["name"]
        return words

    def _template(self, wanted: Data) -> str:
        given = wanted["template"]
        known = self.world.data["templates"].get(f"{given['name']}/{given['language']['code']}")
        if known is None:
            raise Refused(404, 132001, "Template name does not exist in the translation")
        if known["state"] != "APPROVED":
            raise Refused(400, 132015, "Template is paused")
        filled = [item for part in given.get("components", ()) for item in part.get("parameters", ())]
        if len(filled) != known["variables"]:
            raise Refused(400, 132000, "Number of parameters does not match the expected number of params")
        if any("\n" in item["text"] or "\t" in item["text"] for item in filled):
            raise Refused(400, 132000, "Param text cannot have new-line/tab characters")
        words: str = known["body"].format("", *(item["text"] for item in filled))
        return words

    def _pace(self, to: str) -> None:
        times = [item["at"] for item in self.world.data["sent"].values() if item["to"] == to]
        if self.paced and times and self.world.now() - max(times) < _PAIR_SECONDS:
            raise Refused(400, 131056, "(Business Account, Consumer Account) pair rate limit hit")

    def _forward(self, sent: Data) -> None:
        """Towards the phone: what is wrong is told later."""
        person = self.world.find_person(sent["to"])
        if person is None:
            self.world.status(sent["id"], "failed", 131026)
            return
        if sent["type"] != "template" and not self.world.is_open(person):
            self.world.status(sent["id"], "failed", 131047)
            return
        self.world.status(sent["id"], "sent")
        if person["fails"]:
            self.world.status(sent["id"], "failed", person["fails"])
            return
        person["inbox"].append(sent["id"])
        self.world.status(sent["id"], "delivered")

    # -- files ---------------------------------------------------------------------------------------------------------

    def _upload(self, request: TwinRequest) -> Data:
        fields, files = read_form(request)
        file = files.get("file")
        if fields.get("messaging_product") != "whatsapp" or file is None:
            raise Refused(400, 100, "The parameter file is required.")
        if fields.get("type") != file.media_type:
            raise Refused(400, 131053, "Media upload error")
        if len(file.content) > _LARGEST.get(file.media_type.partition("/")[0], 100 * _MB):
            raise Refused(400, 131053, "Media upload error")
        return {"id": self.world.keep(file)}

    def _media(self, request: TwinRequest) -> Data:
        file = self.world.media(request.args[0])
        if request.query.get("phone_number_id") not in (None, NUMBER):
            raise Refused(400, 100, "Unsupported get request.", subcode=33)
        until = self.world.now() + int(LINK_LASTS.total_seconds())
        url = f"{MEDIA_BASE}{_DOWNLOAD}?{urlencode({'mid': file['id'], 'ext': until})}"
        told = {name: file[name] for name in ("mime_type", "sha256", "file_size", "id")}
        return {"messaging_product": "whatsapp", "url": url, **told}

    def _download(self, request: TwinRequest) -> TwinResponse:
        file = self.world.data["media"].get(request.query.get("mid", ""))
        is_late = self.world.now() > int(request.query.get("ext", "0"))
        if request.headers.get("authorization") != f"Bearer {self.token}" or file is None or is_late:
            return TwinResponse(status=404)
        content = base64.b64decode(file["content"])
        return TwinResponse(status=200, body=content, headers={"content-type": file["mime_type"]})

    # -- the number ----------------------------------------------------------------------------------------------------

    def _number(self, request: TwinRequest) -> Data:
        number = self.world.data["number"]
        health = {"health_status": {"can_send_message": number["can_send"], "entities": []}}
        return {"id": NUMBER, "quality_rating": number["quality_rating"], "status": number["status"], **health}

    def _apps(self, request: TwinRequest) -> Data:
        app = {"whatsapp_business_api_data": {"id": APP, "link": "https://acme.example", "name": "Careloop"}}
        return {"data": [app] if self.world.data["subscribed"] else []}

    def _subscribe(self, request: TwinRequest) -> Data:
        self.world.data["subscribed"] = True
        return {"success": True}
