"""What a recommendation says when its author wrote nothing."""

from __future__ import annotations

_WORDS = {"positive": "(recommends the page)", "negative": "(does not recommend the page)"}


def review_words(text: str | None, recommendation: str | None, rating: str | None) -> str:
    """The author's words, else in brackets what they chose: a recommendation, or stars on old reviews; "" for neither.

    ``recommendation_type`` was seen in both cases (Webhooks reference > page, 2026-11-22).
    """
    stars = f"(rates the page with {rating} of 5)" if rating else ""
    return text or _WORDS.get((recommendation or "").lower(), stars)
