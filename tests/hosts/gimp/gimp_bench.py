"""What tests in the real GIMP share: a server with small networks, GIMP with a profile of its own, its pixels.

    bench = Bench()                       # folders, and a server once bench.server() is called
    run = bench.gimp().run(*new_image(), bench.paint(bench.server()), '(say "x" 3)')
    run.said                              # ["x 3"]: what (say ...) printed, a line each
    run.errors                            # the words of scripts that failed, in order
    bench.close()

Scripts (one expression each) are evaluated one after another by one interpreter; one that fails doesn't stop those
behind it. `paint()`
writes the call of the procedure. A test-only plug-in reads and writes pixels as they are: in scripts
(impasto-test-fill DRAWABLE SEED), (impasto-test-dump DRAWABLE FILE), (impasto-test-load DRAWABLE FILE); read_dump()
and write_dump() are the files' other side.

Environment:
  IMPASTO_TEST_IMPASTOD      the program impastod
  IMPASTO_TEST_GIMP          a build's folder of plug-ins, .../gimp/2.10 or .../gimp/3.0
  IMPASTO_TEST_GIMP_COMMAND  what starts GIMP without a window ("gimp-console-2.10"); it may be behind chroot, where
                             /tmp and the build have to be the same
"""

import dataclasses
import os
import shlex
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from host_bench import HostBench

# step evaluates, and writes the error of what fails as a line with "!" in front.
_PRELUDE = """
(define (say . things)
  (for-each (lambda (thing) (display thing said) (display " " said)) things)
  (newline said))
(define everywhere (current-environment))
(define (step expression)
  (call/cc
    (lambda (leave)
      (set! *error-hook* (lambda words (display "!" said) (apply say words) (leave #f)))
      (eval expression everywhere))))
"""

# What scripts call by 2.10's names, where 3.0 has it by others.
NAMES_IN_3_0 = """
(define PRECISION-U8-GAMMA PRECISION-U8-NON-LINEAR)
(define PRECISION-U16-GAMMA PRECISION-U16-NON-LINEAR)
(define PRECISION-U32-GAMMA PRECISION-U32-NON-LINEAR)
(define PRECISION-HALF-GAMMA PRECISION-HALF-NON-LINEAR)
(define PRECISION-FLOAT-GAMMA PRECISION-FLOAT-NON-LINEAR)
(define PRECISION-DOUBLE-GAMMA PRECISION-DOUBLE-NON-LINEAR)
(define gimp-drawable-offsets gimp-drawable-get-offsets)
(define gimp-drawable-width gimp-drawable-get-width)
(define gimp-drawable-height gimp-drawable-get-height)
(define gimp-image-width gimp-image-get-width)
(define gimp-image-height gimp-image-get-height)
(define gimp-image-base-type gimp-image-get-base-type)
(define gimp-edit-clear gimp-drawable-edit-clear)
(define gimp-image-get-effective-color-profile impasto-test-profile)
(define (gimp-procedural-db-proc-exists name) (list (if (defined? (string->symbol name)) TRUE FALSE)))
(define (gimp-layer-group-new image) (gimp-group-layer-new image "Group"))
(define new-layer gimp-layer-new)
(define (gimp-layer-new image width height type name opacity mode)
  (new-layer image name width height type opacity mode))
(define new-channel gimp-channel-new)
(define (gimp-channel-new image width height name opacity color)
  (new-channel image name width height opacity color))
(define (of-vector image of) (let ((items (car (of image)))) (list (vector-length items) items)))
(define (gimp-image-list) (let ((images (car (gimp-get-images)))) (list (vector-length images) images)))
(define layers-of gimp-image-get-layers)
(define (gimp-image-get-layers image) (of-vector image layers-of))
(define channels-of gimp-image-get-channels)
(define (gimp-image-get-channels image) (of-vector image channels-of))
(define (gimp-image-get-active-drawable image)
  (list (vector-ref (car (gimp-image-get-selected-drawables image)) 0)))
(define set-profile gimp-image-set-color-profile-from-file)
(define (gimp-image-set-color-profile-from-file image uri)
  (set-profile image (substring uri (string-length "file://") (string-length uri))))
(define (gimp-xcf-save mode image drawable path name) (gimp-file-save mode image path))
(define (gimp-xcf-load mode path name) (gimp-file-load mode path))
(define (gimp-selection-float drawable x y)
  (gimp-edit-copy (vector drawable))
  (gimp-edit-paste drawable TRUE))
(define (on-drawables procedure)
  (lambda (mode image drawable . others) (apply procedure mode image (vector drawable) others)))
(define plug-in-impasto-style-transfer (on-drawables plug-in-impasto-style-transfer))
(define plug-in-impasto-repeat (on-drawables plug-in-impasto-repeat))
(define plug-in-impasto-show-recipe (on-drawables plug-in-impasto-show-recipe))
"""

# The last line that scripts say.
_END = "that is all"

# Far beyond what a run takes, also on a busy machine.
PATIENCE = 240

_TYPES = {"u8": "u1", "u16": "<u2", "u32": "<u4", "half": "<f2", "float": "<f4", "double": "<f8"}


def quoted(text):
    """A string in Scheme."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def new_image(width=48, height=40, kind="RGB", alpha=False, precision="PRECISION-U8-GAMMA", name="Photo", seed=1):
    """Scripts that define `image` and `drawable`, its one layer, filled with a pattern. `kind`: RGB or GRAY."""
    layer = f"{kind}{'A' if alpha else ''}-IMAGE"
    return [
        f"(define image (car (gimp-image-new-with-precision {width} {height} {kind} {precision})))",
        f"(define drawable (car (gimp-layer-new image {width} {height} {layer} {quoted(name)} 100 LAYER-MODE-NORMAL)))",
        "(gimp-image-insert-layer image drawable 0 0)",
        f"(impasto-test-fill drawable {seed})",
    ]


@dataclasses.dataclass
class Pixels:
    """A drawable's pixels, height x width x components, in its own type."""

    format: str  # Babl's, without its space: "R'G'B'A u8"
    values: np.ndarray

    @property
    def alpha(self):
        return self.values[..., -1] if self.format.split()[0].endswith("A") else None

    @property
    def color(self):
        return self.values if self.alpha is None else self.values[..., :-1]


def read_dump(path):
    with open(path, "rb") as file:
        width, height, size, encoding = file.readline().decode().split(" ", 3)
        encoding = encoding.strip()
        kind = np.dtype(_TYPES.get(encoding.split()[-1], "u1"))  # else indexed
        values = np.frombuffer(file.read(), kind)
    return Pixels(encoding, values.reshape(int(height), int(width), int(size) // kind.itemsize))


def write_dump(path, pixels):
    height, width, components = pixels.values.shape
    with open(path, "wb") as file:
        size = components * pixels.values.dtype.itemsize
        file.write(f"{width} {height} {size} {pixels.format}\n".encode() + pixels.values.tobytes())


@dataclasses.dataclass
class Run:
    said: list  # lines
    errors: list  # words of scripts that failed
    log: str  # all that GIMP printed


class Gimp:
    """GIMP without a window, with a profile of its own. `plug_ins`: further folders for its plug-in-path; `own`: names of
    further ones of GIMP's own."""

    def __init__(self, folder, plug_ins=None, environment=None, own=()):
        self.folder = folder
        self.build = os.environ["IMPASTO_TEST_GIMP"]
        self.version = os.path.basename(os.path.normpath(self.build))
        self.command = shlex.split(os.environ.get("IMPASTO_TEST_GIMP_COMMAND", f"gimp-console-{self.version}"))
        self.config = os.path.join(folder, "config")
        self._count = 0
        profile = os.path.join(folder, "profile")
        for made in (self.config, profile):
            os.makedirs(made, exist_ok=True)
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("IMPASTO_", "DISPLAY", "LC_", "LANG"))
        }
        self.environment |= {
            "HOME": folder,
            "XDG_CONFIG_HOME": self.config,
            "GIMP2_DIRECTORY": profile,
            "GIMP3_DIRECTORY": profile,
            "LC_ALL": "C.UTF-8",
            # GTK 3's own settings: there is no service that keeps them.
            "GSETTINGS_BACKEND": "memory",
            **(environment or {}),
        }
        if plug_ins is None:
            plug_ins = [os.path.join(self.build, "plug-ins")]
        path = ":".join([*plug_ins, os.path.join(self.build, "test-plug-ins"), self._few_of_gimps_own(own)])
        with open(os.path.join(profile, "gimprc"), "w", encoding="utf-8") as file:
            file.write(f"(plug-in-path {quoted(path)})\n")
            if self.version == "3.0":
                # Else it says so in a window over all others.
                file.write('(show-welcome-dialog no)\n(config-version "3.0.4")\n')

    def _few_of_gimps_own(self, further):
        """Scripts, PNG and `further` alone: asking all of its plug-ins what they are takes GIMP seconds at the first start."""
        own = {"2.10": "2.0", "3.0": "3.0"}[self.version]
        library = subprocess.run(
            [*self.command[:-1], "pkg-config", "--variable=gimplibdir", f"gimp-{own}"],
            check=False,
            capture_output=True,
            text=True,
        ).stdout.strip()
        few = os.path.join(self.folder, "gimps-own")
        os.makedirs(few, exist_ok=True)
        for name in ("script-fu", "file-png", *(["script-fu-server"] if self.version == "3.0" else []), *further):
            link = os.path.join(few, name)
            if not os.path.lexists(link):
                os.symlink(os.path.join(library or f"/usr/lib/gimp/{own}", "plug-ins", name), link)
        return few

    def arguments(self, scripts, said):
        # GIMP gives each -b an interpreter of its own, so that all are one.
        steps = " ".join(f"(step '{script})" for script in scripts)
        script = (
            f"{NAMES_IN_3_0 if self.version == '3.0' else ''}"
            f"(define said (open-output-file {quoted(said)})) {_PRELUDE} {steps}"
            f" (say {quoted(_END)}) (close-port said) (gimp-quit TRUE)"
        )
        # 3.0 would go on where a script is no Scheme.
        quit_after = ["--quit"] if self.version == "3.0" else []
        return ["-i", "-d", "-f", "--batch-interpreter=plug-in-script-fu-eval", "-b", script, *quit_after]

    def start(self, *scripts):
        """A process that evaluates the scripts, for tests that do something meanwhile; finish() gives its Run."""
        self._count += 1
        said = os.path.join(self.folder, f"said-{self._count}")
        process = subprocess.Popen(
            [*self.command, *self.arguments(scripts, said)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        process.said = said
        return process

    def finish(self, process):
        try:
            log, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            log, _ = process.communicate()
            raise AssertionError(f"GIMP hasn't ended:\n{log}") from None
        lines = []
        if os.path.exists(process.said):
            with open(process.said, encoding="utf-8") as file:
                lines = [line.rstrip() for line in file]
        if not lines or lines.pop() != _END:
            raise AssertionError(f"GIMP broke off, with {process.returncode}:\n{log}")
        return Run(
            [line for line in lines if not line.startswith("!")],
            [line[1:] for line in lines if line.startswith("!")],
            log,
        )

    def run(self, *scripts):
        return self.finish(self.start(*scripts))


class Bench(HostBench):
    """As any host's, with GIMP."""

    def __init__(self):
        super().__init__("gimp")

    def gimp(self, **options):
        """GIMP with a fresh profile and fresh preferences."""
        return Gimp(self.new_home(), **options)

    def paint(self, server, image="image", drawable="drawable", **arguments):
        """The call of the procedure in Scheme. `server`: an address, or what server() gave. Small and quick unless told
        otherwise; arguments by the procedure's names, with "_" for "-". A string for a number is Scheme."""
        values = {
            "style_file": self.style(),
            "style_drawable": -1,
            "style_name": "",
            "model": "",
            "strength": 50,
            "quality": 3,
            "iterations": 3,
            "size": 64,
            "content_weight": 0,
            "style_weight": 0,
            "in_place": 0,
            "server": getattr(server, "address", server),
        }
        unknown = set(arguments) - set(values)
        if unknown:
            raise TypeError(f"the procedure has no {unknown}")
        texts = {name for name, value in values.items() if isinstance(value, str)}
        values |= arguments
        words = [quoted(value) if name in texts else str(value) for name, value in values.items()]
        return f"(plug-in-impasto-style-transfer RUN-NONINTERACTIVE {image} {drawable} {' '.join(words)})"
