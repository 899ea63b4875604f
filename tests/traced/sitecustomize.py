"""In the path of processes that a traced test starts: the rule that the trace has taken out is taken out there, too."""

import os

if os.environ.get("TRACE_BROKEN"):
    from earshot.kit import ruling

    ruling.broken = os.environ["TRACE_BROKEN"]
