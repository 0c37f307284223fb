"""The worker: a stand-alone program that runs steps and runners, each request in a child of its own.

It is started as `python -s <this folder>` in an exporter's or a runtime's environment, needs the standard
library and numpy, and never imports `deploymatrix`. `docs/contracts.md` gives the protocol.

Read in this order: `server` (the loop), `launch` (fork or spawn), `child` (what happens in the child), then
the tasks `referencing`, `exporting`, `running`. `server.mjs` is the same program for Node.
"""

PROTOCOL = 1
