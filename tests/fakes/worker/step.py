"""An exporter that leaves what its options say."""

import json

ENTRY = "artifact"
OPTIONS = ("leave", "signature")


def export(source, spec, out, options):
    if options.get("leave") == "file":
        (out / ENTRY).write_text(json.dumps({"source": str(source), "example": spec.example["x"].tolist()}))
    if options.get("leave") == "empty file":
        (out / ENTRY).touch()
    if options.get("leave") == "empty folder":
        (out / ENTRY / "within").mkdir(parents=True)
    return options.get("signature", {"inputs": {"x": "x:0"}, "outputs": {"y": "Identity"}})
