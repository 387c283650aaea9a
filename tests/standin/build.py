"""Build the device `standin`, once for each source and torch, and say where it is.

A folder for PYTHONPATH: with it torch has the device in every process.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("device")
ENTRY_POINT = "[torch.backends]\nstandin = torch_standin:register\n"


def compiler():
    """The C++ compiler of this machine, or None."""
    return shutil.which(os.environ.get("CXX", "c++"))


def built(cache):
    """The folder of the device, in a folder of builds."""
    import torch

    sources = (SOURCE / "standin.cpp").read_bytes() + (SOURCE / "torch_standin.py").read_bytes()
    key = hashlib.sha256(sources + torch.__version__.encode()).hexdigest()[:16]
    folder = Path(cache) / f"standin-{key}"
    if folder.is_dir():
        return folder
    made = Path(tempfile.mkdtemp(dir=cache))
    root = Path(torch.__file__).parent
    command = [compiler(), "-std=c++20", "-O0", "-shared", "-fPIC", SOURCE / "standin.cpp"]
    command += ["-I", root / "include", "-L", root / "lib", "-ltorch_cpu", "-lc10"]
    subprocess.run([*command, "-o", made / "standin.so"], check=True)
    shutil.copy(SOURCE / "torch_standin.py", made)
    distribution = made / "torch_standin-0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Name: torch_standin\nVersion: 0\n")
    (distribution / "entry_points.txt").write_text(ENTRY_POINT)
    try:
        made.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(made)
    return folder
