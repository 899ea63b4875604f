"""Live pages: what changes appears on open pages by server-sent events that carry no words (docs/live.md)."""
