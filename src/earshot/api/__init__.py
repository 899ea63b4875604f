"""The door for programs, `/api/v1`: tokens, cursors, ETags, idempotent writes, refusals as problem details. One module a room.

A function here finds what the token's person may see, calls one verb, and answers. No rule stands here.
"""
