"""The X twin's JSON: posts, people and messages as API v2 and as its events have them, with only what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from careloop.twins.x_world import Data, XWorld, invalid


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(","))


# What may be asked for, by parameter (docs.x.com data dictionary; OpenAPI 2.167 for the second set of names).
POST_FIELDS = _words(
    "article,attachments,author_id,card_uri,community_id,context_annotations,conversation_id,created_at,"
    "display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,in_reply_to_user_id,lang,note_tweet,"
    "possibly_sensitive,public_metrics,referenced_tweets,reply_settings,source,text,withheld"
)
NEW_POST_FIELDS = _words(
    "article,attachments,card_uri,community_id,context_annotations,conversation_id,created_at,display_text_range,"
    "edit_controls,entities,geo,id,lang,note_post,possibly_sensitive,public_metrics,reply_settings,source,text,"
    "withheld"
)
EXPANSIONS = _words(
    "attachments.media_keys,author_id,edit_history_tweet_ids,edit_history_post_ids,entities.mentions.username,"
    "in_reply_to_user_id,referenced_tweets.id,referenced_tweets.id.author_id,referenced_posts,sender_id,"
    "participant_ids"
)
USER_FIELDS = _words(
    "created_at,description,entities,id,location,name,profile_image_url,protected,public_metrics,receives_your_dm,url,"
    "username,verified,verified_type"
)
MEDIA_FIELDS = _words("alt_text,duration_ms,height,media_key,preview_image_url,type,url,variants,width")
DM_FIELDS = _words(
    "attachments,created_at,dm_conversation_id,entities,event_type,id,participant_ids,referenced_tweets,sender_id,text"
)
KNOWN: Mapping[str, frozenset[str]] = {
    "tweet.fields": POST_FIELDS,
    "post.fields": NEW_POST_FIELDS,
    "expansions": EXPANSIONS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "dm_event.fields": DM_FIELDS,
    "event_types": frozenset({"MessageCreate", "ParticipantsJoin", "ParticipantsLeave"}),
}
_NEW_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "note_tweet": "note_post",
}
# Fields that come because their expansion was asked for.
_EXPANDED = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_posts": "referenced_tweets",
    "edit_history_post_ids": "edit_history_tweet_ids",
}


def asked(query: Mapping[str, str], allowed: Iterable[str]) -> dict[str, frozenset[str]]:
    """The lists in a query, by parameter. Refused: 400 for a parameter or a value that X does not know."""
    permitted = set(allowed)
    found: dict[str, frozenset[str]] = {}
    for name, value in query.items():
        if name not in permitted:
            raise invalid(
                f"The query parameter [{name}] is not one of [{','.join(sorted(permitted))}]", **{name: value}
            )
        known = KNOWN.get(name)
        if known is None:
            continue
        found[name] = frozenset(value.split(","))
        for item in sorted(found[name] - known):
            raise invalid(f"The `{name}` query parameter value [{item}] is not one of [...]", **{name: value})
    return found


def stamp(ms: int) -> str:
    """RFC 3339 with milliseconds, UTC."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def escaped(text: str) -> str:
    """The three characters that X escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class XShapes:
    """Renders a world."""

    def __init__(self, world: XWorld) -> None:
        self.world = world

    def user(self, identity: str, wanted: frozenset[str] = frozenset()) -> Data:
        """A person; with nothing wanted the default fields, in events everything."""
        person = self.world.data["users"][identity]
        whole = {
            "id": person["id"],
            "username": person["username"],
            "name": person["name"],
            "protected": person["protected"],
            "verified": person["premium"],
            "profile_image_url": f"https://pbs.twimg.com/profile_images/{identity}/picture_normal.jpg",
            "receives_your_dm": person["receives_dm"],
            "created_at": "2019-04-01T10:00:00.000Z",
            "description": f"{person['name']} &amp; friends",
            "location": "Bonn",
            "public_metrics": {"followers_count": 12, "following_count": 8, "tweet_count": 40, "listed_count": 0},
        }
        return {name: value for name, value in whole.items() if name in {"id", "username", "name"} | wanted}

    def post(self, post: Data) -> Data:
        """A whole v2 Post, as its events carry it."""
        prefix, mentions = self._inherited(post)
        shown, urls = self.world.shortened(post["text"])
        text = prefix + shown
        mentions += self._named(shown, len(prefix))
        urls = [{**item, "start": item["start"] + len(prefix), "end": item["end"] + len(prefix)} for item in urls]
        end = len(text)
        for picture in post["pictures"]:
            link = f"https://t.co/p{picture['media_key'][2:]}"
            text += f" {link}"
            place = {"start": len(text) - len(link), "end": len(text), "url": link, "media_key": picture["media_key"]}
            full = f"https://twitter.com/i/status/{post['id']}/photo/1"
            urls.append({**place, "expanded_url": full, "display_url": f"pic.x.com/{picture['media_key'][2:]}"})
        whole: Data = {
            "id": post["id"],
            "text": escaped(self._cut(text)),
            "author_id": post["author"],
            "conversation_id": post["conversation"],
            "created_at": stamp(post["ms"]),
            "edit_history_tweet_ids": post["versions"],
            "edit_controls": {
                "edits_remaining": 6 - len(post["versions"]),
                "is_edit_eligible": post["parent"] is None,
                "editable_until": stamp(post["ms"] + 3_600_000),
            },
            "display_text_range": [len(prefix), end],
            "entities": {"mentions": mentions, "urls": urls},
            "lang": "en",
            "reply_settings": "everyone",
            "possibly_sensitive": False,
        }
        if len(text) > 280:
            whole["note_tweet"] = {"text": escaped(text), "entities": {"mentions": mentions, "urls": urls}}
        if post["parent_author"]:
            whole["in_reply_to_user_id"] = post["parent_author"]
        elif mentions and mentions[0]["start"] == 0:
            whole["in_reply_to_user_id"] = mentions[0]["id"]
        references = [("replied_to", "parent"), ("quoted", "quoted"), ("retweeted", "repost_of")]
        found = [{"type": kind, "id": post[name]} for kind, name in references if post[name]]
        if found:
            whole["referenced_tweets"] = found
        if post["parent"]:
            whole["in_reply_to_tweet_id"] = post["parent"]
        if post["pictures"]:
            whole["attachments"] = {"media_keys": [item["media_key"] for item in post["pictures"]]}
        return whole

    def _cut(self, text: str) -> str:
        return text if len(text) <= 280 else text[:279] + "…"

    def _inherited(self, post: Data) -> tuple[str, list[Data]]:
        prefix, mentions = "", []
        for identity in post["inherited"]:
            person = self.world.data["users"][identity]
            start = len(prefix)
            prefix += f"@{person['username']} "
            mentions.append(_mention(start, len(prefix) - 1, person))
        return prefix, mentions

    def _named(self, shown: str, offset: int) -> list[Data]:
        return [_mention(offset + start, offset + end, person) for start, end, person in self.world.mentions(shown)]

    def asked_post(self, post: Data, wanted: Mapping[str, frozenset[str]]) -> Data:
        """A post with the fields that were asked for, under the names of whoever asked."""
        whole = self.post(post)
        whole.pop("in_reply_to_tweet_id", None)  # events have it, answers do not
        new = "post.fields" in wanted
        old_names = {value: name for name, value in _NEW_NAMES.items()}
        fields = {old_names.get(name, name) for name in wanted.get("tweet.fields", wanted.get("post.fields", ()))}
        fields |= {"id", "text"} | {_EXPANDED[item] for item in wanted.get("expansions", ()) if item in _EXPANDED}
        if not new:
            fields.add("edit_history_tweet_ids")
        return {(_NEW_NAMES.get(name, name) if new else name): whole[name] for name in whole if name in fields}

    def includes(self, posts: Iterable[Data], wanted: Mapping[str, frozenset[str]]) -> Data:
        """What was asked to come along."""
        expansions, chosen = wanted.get("expansions", frozenset()), list(posts)
        found: Data = {}
        if "author_id" in expansions and chosen:
            authors = dict.fromkeys(post["author"] for post in chosen)
            found["users"] = [self.user(item, wanted.get("user.fields", frozenset())) for item in authors]
        media = [item for post in chosen for item in post["pictures"]]
        if "attachments.media_keys" in expansions and media:
            found["media"] = [self._media(item, wanted.get("media.fields", frozenset())) for item in media]
        if expansions & {"referenced_tweets.id", "referenced_posts"}:
            quoted = [self.world.post(post["quoted"]) for post in chosen if post["quoted"]]
            name = "posts" if "post.fields" in wanted else "tweets"
            found[name] = [self.asked_post(item, wanted) for item in quoted if item is not None]
        return {name: value for name, value in found.items() if value}

    def event_includes(self, post: Data) -> Data:
        """What comes along with an event: the people, the post itself, what it quotes."""
        people = dict.fromkeys([post["author"], *(item["id"] for item in self.world.named(post["text"]))])
        quoted = self.world.post(post["quoted"]) if post["quoted"] else None
        found: Data = {
            "users": [self.user(item, USER_FIELDS) for item in people],
            "tweets": [self.post(item) for item in (post, quoted) if item is not None],
        }
        if post["pictures"]:
            found["media"] = [self._media(item, MEDIA_FIELDS) for item in post["pictures"]]
        return found

    def _media(self, picture: Data, wanted: frozenset[str]) -> Data:
        whole = {"media_key": picture["media_key"], "type": "photo", "url": picture["url"]}
        return {name: value for name, value in whole.items() if name in {"media_key", "type"} | wanted}

    # -- private messages ----------------------------------------------------------------------------------------------

    def message(self, message: Data, wanted: Mapping[str, frozenset[str]]) -> Data:
        """A v2 DmEvent."""
        text, urls = self.world.shortened(message["text"])
        whole = {
            "id": message["id"],
            "event_type": "MessageCreate",
            "text": escaped(text),
            "created_at": stamp(message["ms"]),
            "dm_conversation_id": conversation(message),
            "sender_id": message["sender"],
            "participant_ids": [message["sender"], message["recipient"]],
            "entities": {"urls": urls},
        }
        if message["pictures"]:
            whole["attachments"] = {"media_keys": [item["media_key"] for item in message["pictures"]]}
        fields = {"id", "event_type", "text"} | wanted.get("dm_event.fields", frozenset())
        fields |= wanted.get("expansions", frozenset()) & {"sender_id", "participant_ids"}
        return {name: value for name, value in whole.items() if name in fields}

    def included_media(self, messages: Iterable[Data], wanted: Mapping[str, frozenset[str]]) -> list[Data]:
        """The pictures of messages, where they were asked for."""
        if "attachments.media_keys" not in wanted.get("expansions", frozenset()):
            return []
        fields = wanted.get("media.fields", frozenset())
        return [self._media(item, fields) for message in messages for item in message["pictures"]]

    def message_event(self, message: Data) -> Data:
        """The payload of ``dm.received`` and ``dm.sent``: the old shape."""
        text, urls = self.world.shortened(message["text"])
        entry: Data = {
            "type": "message_create",
            "id": message["id"],
            "created_timestamp": str(message["ms"]),
            "message_create": {
                "target": {"recipient_id": message["recipient"]},
                "sender_id": message["sender"],
                "message_data": {
                    "text": escaped(text),
                    "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": urls},
                },
            },
        }
        for picture in message["pictures"]:
            media = {"id_str": picture["media_key"][2:], "media_url_https": picture["url"], "type": "photo"}
            entry["message_create"]["message_data"]["attachment"] = {"type": "media", "media": media}
        people = (message["sender"], message["recipient"])
        return {
            "direct_message_events": [entry],
            "users": {item: {"data": self.user(item, USER_FIELDS)} for item in people},
        }


def _mention(start: int, end: int, person: Data) -> dict[str, Any]:
    return {"start": start, "end": end, "username": person["username"], "id": person["id"]}


def conversation(message: Data) -> str:
    """``{smaller}-{larger}``."""
    return "-".join(sorted((message["sender"], message["recipient"]), key=int))
