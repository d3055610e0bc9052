"""Careloop's public function, as Lambda calls it."""

from app import app as handler

__all__ = ["handler"]
