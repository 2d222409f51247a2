"""Child processes of tests that have gRPC's threads running."""

import shutil
import subprocess
import sys
from pathlib import Path

import impasto


def run(program, *words, **options):
    """Runs a program of the PATH to its end. The returned process has its output; CalledProcessError: it failed."""
    # With close_fds=False and a whole path there is no fork, on which gRPC has handlers that may end the child.
    whole = [shutil.which(program) or program, *words]
    return subprocess.run(whole, check=True, capture_output=True, close_fds=False, **options)


def run_python(code, **environment):
    """Runs code in another Python that has this one's package. CalledProcessError: it failed."""
    path = str(Path(impasto.__file__).parent.parent)
    return run(sys.executable, "-B", "-c", code, env={"PYTHONPATH": path, **environment})
