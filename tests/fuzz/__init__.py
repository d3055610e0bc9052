"""Fuzzing of every receiver: whatever a body holds, events or `PayloadError`, in bounded time and memory, never a 5xx."""
