"""The journal verbs and kinds of this room."""
