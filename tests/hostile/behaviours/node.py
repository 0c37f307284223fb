"""The hostile behaviours of a Node runner: what each tries, and what may come of it. run.mjs does them.

In containers only: Node keeps its request from its runner, so in a process the task's folder could only be guessed.
"""

from __future__ import annotations

from ..declared import HARMLESS, RED, Hostile


def told(name: str, tries: str, outcomes: tuple[str, ...] = HARMLESS) -> Hostile:
    def do() -> None:
        raise RuntimeError("run.mjs does this one")

    return Hostile(name=name, tries=tries, outcomes=outcomes, do=do, processes=False)


log_is_a_link = told("log_is_a_link", "log.txt is a link to a host file")
out_is_a_link = told("out_is_a_link", "out is a link to a host folder")
folder_is_a_link = told("folder_is_a_link", "the task's folder is a link to a host folder")
output_is_a_link = told("output_is_a_link", "an output is a link to a host file")
output_never_ends = told("output_never_ends", "an output is /dev/zero")
output_is_sparse = told("output_is_sparse", "an output is 64 GiB of nothing")
output_is_nonsense = told("output_is_nonsense", "an output is no array", RED)
output_names_climb = told("output_names_climb", "outputs named ../ and absolute", RED)
reply_is_no_json = told("reply_is_no_json", "a reply that is no JSON", RED)
reply_is_deep = told("reply_is_deep", "a reply of 200,000 brackets", RED)
reply_is_long = told("reply_is_long", "a line of 512 MiB without an end", RED)
reply_lacks_keys = told("reply_lacks_keys", "a value without its keys", RED)
reply_is_null = told("reply_is_null", "a reply that is null", RED)
reply_names_surrogates = told("reply_names_surrogates", "names of lone surrogates and terminal escapes", RED)
raises_surrogate = told("raises_surrogate", "an error whose message holds a lone surrogate", RED)
raises_escapes = told("raises_escapes", "an error whose message holds terminal escapes", RED)
raises_nothing = told("raises_nothing", "a thrown null", RED)
floods = told("floods", "200 MiB of words")
stays = told("stays", "a detached process that stays")
stays_and_writes = told("stays_and_writes", "a detached process that stays and writes on the host")
stops_the_server = told("stops_the_server", "SIGSTOP to its server")
kills_the_server = told("kills_the_server", "SIGKILL to its server")
reads_the_server = told("reads_the_server", "memory, environment and descriptors of its server")
reads_others = told("reads_others", "the artifacts of other cells")
reads_the_host = told("reads_the_host", "a host file by its path")
writes_the_host = told("writes_the_host", "a host file written by its path")
calls_out = told("calls_out", "the network")
becomes_another = told("becomes_another", "another user")
loads_native_code = told("loads_native_code", "native code by process.dlopen")
allocates = told("allocates", "a memory bomb outside of the heap", RED)
spins = told("spins", "the processor, for ever", ("timed_out",))
