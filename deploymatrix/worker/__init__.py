"""The worker: a stand-alone program that runs steps and runners, each request in a child of its own.

It is started as `python -s <this folder>` in an exporter's or a runtime's environment. It needs the standard
library and numpy, and never imports `deploymatrix`. `docs/reference/worker-protocol.md` gives the protocol;
`protocol` and `tasks` hold its types, `modules` those of the users' code.

Read in this order: `server` (the loop), `launch` (fork or spawn), `attempt` (one request under way), `child` (what
happens in the child), then the tasks `referencing`, `exporting`, `running`, `describing`. The same program in
another language lies beside it; tests hold the two together.
"""

# The number of the message format, which host and worker must share: raise it with every change of a message.
# 2: the operation `cancel` is gone, and `hello` may leave out `variables`.
# 3: an export names its repairs; references and runs tell how they were checked; a result names files that were read.
# 4: files and logs come over the channel; pings; tasks as principals of their own.
PROTOCOL = 4
