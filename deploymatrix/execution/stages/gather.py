"""The stage `gather`: the files of a model's own samples are read, strictly, and kept as every worker takes them."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.model_files import Key, own_digests
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.own_samples import UnusableSamples, add_expected, read_samples, write


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.samples(needs.task.model)


def gather(context: StageContext, needs: Needs, key: Key) -> Result:
    """Put the samples and what is expected of them into the store; tell which file is not as model.toml declares."""
    started, model = time.perf_counter(), needs.task.model
    folder = Path(tempfile.mkdtemp(prefix=".gather-", dir=context.store.folder("samples")))
    folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
    try:
        gathered = read_samples(model)
        add_expected(model, gathered)
        about = write(model, gathered, folder)
        if own_digests(model, fresh=True) != key.parts["files"]:
            raise UnusableSamples("a file changed while it was read; run again")
    except (UnusableSamples, ConfigurationError) as error:
        shutil.rmtree(folder)
        lasting = "run again" not in str(error)
        return Failed(outcome="reference_failed", stage="reference", detail=f"samples: {error}", lasting=lasting)
    measured = {"wall_s": time.perf_counter() - started}
    entry = context.store.put("samples", key.digest, folder, about=about, measured=measured, made_from=key.parts)
    return Done(entry=entry, cached=False)
