"""A step that writes whatever its options name: the artifact of an attacker, or of an honest neighbour."""

import subprocess

OPTIONS = ("artifact",)
ENTRY = "@ENTRY@"
VERSIONS = ("numpy",)
INPUT, OUTPUT = "@INPUT@", "@OUTPUT@"


def export(source, spec, out, options):
    subprocess.run(["cp", "-a", f"{options['artifact']}/.", out], check=True)  # links and pipes as they are
    return {"inputs": {"x": INPUT}, "outputs": {"y": OUTPUT}}
