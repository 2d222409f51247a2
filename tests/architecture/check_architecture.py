#!/usr/bin/env python3
"""Holds a source tree against the rules of ARCHITECTURE.md.

Prints one line a violation; exit code 1 where there is any.

check_architecture.py ROOT
"""

import ast
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys

# server/FOLDER may include headers of these folders of server/.
SERVER_FOLDERS = {
    "base": {"base"},
    "imaging": {"base", "imaging"},
    "engine": {"base", "engine"},
    "jobs": {"base", "jobs"},
    "rpc": {"base", "jobs", "rpc"},
    "app": {"base", "imaging", "engine", "jobs", "rpc", "app"},
}
# The files that lie in server/ itself: main.cc.
MAIN_MAY_INCLUDE = {"base", "app"}

# plugins/gimp/FOLDER may include headers of these folders of plugins/gimp/, named from there on.
GIMP_FOLDERS = {
    "core": {"core"},
    "pixels": {"core", "pixels"},
    "host": {"core", "pixels", "host"},
    "dialog": {"core", "host", "dialog"},
    "flow": {"core", "pixels", "host", "dialog", "flow"},
    "gimp2": {"core", "host", "flow"},
    "gimp3": {"core", "host", "flow"},
}

# What modules of plugins/krita/impasto_docker/ may import, by the first pattern that fits: the folders that may, or "" for
# __init__.py. What fits none is anybody's.
KRITA_PACKAGE = "plugins/krita/impasto_docker/"
KRITA_IMPORTS = [
    (r"krita\b.*", {"", "document", "docker"}),
    (r"PyQt5\.Qt(Core|Gui)\b.*", {"", "document", "docker"}),
    (r"PyQt5\b.*", {"", "docker"}),
    (r"numpy\b.*", {"document", "docker"}),
    (r"impasto\b.*", {"core"}),
    (r"(grpc|google)\b.*", set()),  # through the client alone
    (r"impasto_docker\.core\.(history|settings)\b.*", {"core", "document", "docker"}),
    (r"impasto_docker\.core\b.*", {"core", "docker"}),
    (r"impasto_docker\.document\b.*", {"document", "docker"}),
    (r"impasto_docker\b.*", {"", "docker"}),
]
# Krita on other systems has older ones than Debian's.
KRITA_PYTHON = (3, 9)

# A library: the includes that mean it, and where below server/, client_sdk/ and plugins/ they may stand.
LIBRARIES = {
    "gRPC": (r"grpc(pp)?/.*|.*\.grpc\.pb\.h", ["server/rpc/*", "client_sdk/cpp/src/*"]),
    "Protobuf": (
        r"google/protobuf/.*|.*\.pb\.h",
        [
            "server/jobs/*",
            "server/rpc/*",
            "server/app/*",
            "server/engine/run_state.cc",  # how it is stored; the API stays unknown there
            "server/engine/style_statistics.cc",
            "client_sdk/*",
            "plugins/gimp/core/*",
            "plugins/gimp/dialog/*",
        ],
    ),
    "GIMP": (r"libgimp.*", [f"plugins/gimp/{folder}/*" for folder in ("host", "dialog", "flow", "gimp2", "gimp3")]),
    "GTK": (r"(gtk|gdk)/.*", ["plugins/gimp/dialog/*"]),
    "GEGL": (r"gegl.*|babl/.*", ["plugins/gimp/pixels/*", "plugins/gimp/host/*", "plugins/gimp/gimp[23]/main.cc"]),
    "libvips": (r"vips/.*", ["server/imaging/*"]),
    "LibTorch": (r"torch/.*", ["server/engine/executors/torch/*.cc"]),
    "ATen": (r"(ATen|c10)/.*", ["server/engine/executors/torch/*"]),
    "Highway": (r"hwy/.*", ["server/engine/executors/cpu/kernels/*"]),
    "HDF5": (r"hdf5\.h|H5.*\.h", ["server/engine/weights/*"]),
    "libcurl": (r"curl/.*", ["server/engine/weights/*"]),
    "OpenSSL": (r"openssl/.*", ["server/base/*"]),
    "SQLite": (r"sqlite3.*\.h", ["server/jobs/sqlite/*"]),
    "libzip": (r"zip\.h", ["server/engine/weights/*"]),
    "nlohmann-json": (r"nlohmann/.*", ["server/engine/weights/*", "client_sdk/cli/*", "plugins/gimp/core/*"]),
    "spdlog": (r"spdlog/.*", ["server/app/*", "server/main.cc"]),
    "CLI11": (r"CLI/.*", ["server/app/*", "server/main.cc", "server/engine/weights/*", "client_sdk/cli/*"]),
}

# These may not come in through another header either: they take half a minute to compile.
HEAVY_LIBRARIES = ("LibTorch", "ATen")

# Tests whose name isn't that of a source file, each with its reason.
TESTS_WITHOUT_A_SOURCE = {
    "tests/server/imaging/corruption_test.cc": "broken bytes go through all of imaging",
    "tests/server/imaging/soak_test.cc": "the memory of many pictures, through all of imaging",
}

PRESETS = ["release", "dev", "asan", "tsan"]
MAX_FILE_BYTES = 400 * 1024
SOURCES = (".cc", ".h", ".cpp", ".hpp")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
# Marks of unfinished work. Spelled so that this file passes.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")
# A folder of somebody's machine.
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(home|Users|root)/[\w.]")


def list_files(root):
    """Paths below root, as git sees them (tracked, or not ignored), or all of them outside a checkout."""
    if shutil.which("git"):
        listing = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        git = subprocess.run(listing, capture_output=True)
        if git.returncode == 0 and git.stdout:
            names = set(git.stdout.decode().split("\0")) - {""}
            return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [
            f for f in folders if f not in {".git", ".deps", "build", "out", "__pycache__", "node_modules"}
        ]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def check_server_include(path, header, files):
    """server/'s folders include downwards only, and name headers from server/ on."""
    parts = path.split("/")
    folder = header.split("/")[0]
    if header.startswith(".") or f"server/{header}" not in files:
        beside = os.path.normpath(os.path.join(os.path.dirname(path), header))
        if beside in files:
            return f'{path}: "{header}": name headers from server/ on: "{os.path.relpath(beside, "server")}"'
        return None
    allowed = MAIN_MAY_INCLUDE if len(parts) == 2 else SERVER_FOLDERS.get(parts[1])
    if allowed is None:
        return f"{path}: server/{parts[1]} has no rule: which folders may it include?"
    if folder not in allowed:
        return f'{path}: "{header}": {"/".join(parts[:-1])} may include {", ".join(sorted(allowed))} alone'
    return None


def check_gimp_include(path, header, files):
    """plugins/gimp's folders include as GIMP_FOLDERS says; core knows no host, the dialog no entry point."""
    folder = path.split("/")[2]
    target = header.split("/")[0]
    if f"plugins/gimp/{header}" not in files:
        return None
    allowed = GIMP_FOLDERS.get(folder)
    if allowed is None:
        return f"{path}: plugins/gimp/{folder} has no rule: which folders may it include?"
    if target not in allowed:
        return f'{path}: "{header}": plugins/gimp/{folder} may include {", ".join(sorted(allowed))} alone'
    return None


def check_krita_imports(path, text):
    """plugins/krita's folders import as KRITA_IMPORTS says, modules by their full names."""
    parts = path[len(KRITA_PACKAGE) :].split("/")
    folder = parts[0] if len(parts) > 1 else ""
    try:
        tree = ast.parse(text, feature_version=KRITA_PYTHON)
    except SyntaxError as error:
        return [f"{path}:{error.lineno}: no Python {'.'.join(map(str, KRITA_PYTHON))}: {error.msg}"]
    violations = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            violations.append(f"{path}:{node.lineno}: name modules from impasto_docker on")
            continue
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        else:
            continue
        for name in names:
            allowed = next((folders for pattern, folders in KRITA_IMPORTS if re.fullmatch(pattern, name)), None)
            if allowed is not None and folder not in allowed:
                where = ", ".join(sorted(place or "__init__.py" for place in allowed)) or "no folder"
                violations.append(f"{path}:{node.lineno}: {name} may be imported in {where} alone")
    return violations


def check_heavy(path, files, read):
    """No file outside of a heavy library's places includes a header that includes it, by whatever way."""
    seen, todo = {path}, [path]
    while todo:
        via = todo.pop()
        for _, header in INCLUDE.findall(read(via)):
            for library in HEAVY_LIBRARIES:
                pattern, places = LIBRARIES[library]
                direct = via == path
                if (
                    not direct
                    and re.fullmatch(pattern, header)
                    and not any(fnmatch.fnmatch(path, p) for p in places)
                ):
                    return [f"{path}: gets {library} through {via}"]
            if f"server/{header}" in files and f"server/{header}" not in seen:
                seen.add(f"server/{header}")
                todo.append(f"server/{header}")
    return []


def check_includes(path, text, files):
    violations = []
    area = path.split("/")[0]
    for bracket, header in INCLUDE.findall(text):
        if area == "server" and bracket == '"':
            violation = check_server_include(path, header, files)
            if violation:
                violations.append(violation)
        if path.startswith("plugins/gimp/") and bracket == '"':
            violation = check_gimp_include(path, header, files)
            if violation:
                violations.append(violation)
        if area in ("client_sdk", "plugins"):
            beside = os.path.normpath(os.path.join(os.path.dirname(path), header))
            if beside.startswith("server/") or (f"server/{header}" in files and beside not in files):
                violations.append(f'{path}: "{header}" is a header of the server; clients know the API alone')
        if area in ("server", "client_sdk", "plugins"):
            for library, (pattern, places) in LIBRARIES.items():
                if re.fullmatch(pattern, header) and not any(
                    fnmatch.fnmatch(path, place) for place in places
                ):
                    violations.append(
                        f"{path}: <{header}>: {library} may be included by {', '.join(places)} alone"
                    )
    return violations


def source_of(test, files):
    """The source that a C++ test mirrors: tests/server/a/b_c_test.cc tests server/a/b_c.* or server/a/b.*."""
    folder, name = os.path.split(test)
    folder = folder[len("tests/") :]
    words = name[: -len("_test.cc")].split("_")
    for count in range(len(words), 0, -1):
        stem = "_".join(words[:count])
        for file in files:
            if os.path.splitext(file)[1] in SOURCES and os.path.splitext(os.path.basename(file))[0] == stem:
                # A client library has its headers and sources in folders below the one that the test mirrors.
                if os.path.dirname(file) == folder or (
                    folder.startswith("client_sdk") and file.startswith(folder + "/")
                ):
                    return file
    return None


def check_tests(files, read):
    violations = []
    for path in files:
        if not path.startswith("tests/") or not path.endswith("_test.cc"):
            continue
        if path.startswith(("tests/server/", "tests/client_sdk/", "tests/plugins/")) and path not in TESTS_WITHOUT_A_SOURCE:
            if source_of(path, files) is None:
                violations.append(
                    f"{path}: mirrors no source file in {os.path.dirname(path)[len('tests/'):]}"
                )
        folder = os.path.dirname(path)
        while folder:
            lists = f"{folder}/CMakeLists.txt"
            # Named in full, or built in a loop over names: foreach(name a b) ... ${name}_test.cc.
            named = os.path.relpath(path, folder)[: -len("_test.cc")]
            if lists in files and re.search(
                rf"(?<![\w/]){re.escape(named)}(_test\.cc)?(?![\w/.])", read(lists)
            ):
                break
            folder = os.path.dirname(folder)
        else:
            violations.append(f"{path}: no CMakeLists.txt builds it")
    return violations


def check_presets(read):
    presets = json.loads(read("CMakePresets.json"))
    violations = []
    for kind in ("configurePresets", "buildPresets", "testPresets"):
        named = {preset["name"]: preset for preset in presets.get(kind, [])}
        violations += [f"CMakePresets.json: no {name} in {kind}" for name in PRESETS if name not in named]
        if kind != "testPresets":
            continue
        for name, preset in named.items():
            action = None
            while preset and action is None:
                action = preset.get("execution", {}).get("noTestsAction")
                preset = named.get(preset.get("inherits"))
            if action != "error":
                violations.append(f"CMakePresets.json: test preset {name}: finding no tests is no error")
    return violations


def check_tree(root):
    """All violations, as lines of text."""
    files = list_files(root)
    known = set(files)
    violations = []
    cache = {}

    def read(path):
        if path not in cache:
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                cache[path] = file.read()
        return cache[path]

    here = os.path.dirname(os.path.abspath(root)) + "/"
    for path in files:
        full = os.path.join(root, path)
        size = os.path.getsize(full)
        if size > MAX_FILE_BYTES:
            violations.append(f"{path}: {size} bytes; files are at most {MAX_FILE_BYTES}")
            continue
        with open(full, "rb") as file:
            if b"\0" in file.read(65536):
                violations.append(f"{path}: a binary file")
                continue
        text = read(path)
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line):
                violations.append(f"{path}:{number}: unfinished work: {line.strip()[:80]}")
            if MACHINE_PATH.search(line) or (len(here) > 2 and here in line):
                violations.append(f"{path}:{number}: a path of one machine: {line.strip()[:80]}")
        if path.endswith(SOURCES):
            violations += check_includes(path, text, known)
            if path.startswith("server/"):
                violations += check_heavy(path, known, read)
        if path.startswith(KRITA_PACKAGE) and path.endswith(".py"):
            violations += check_krita_imports(path, text)
    violations += check_tests(files, read)
    violations += check_presets(read) if "CMakePresets.json" in known else ["CMakePresets.json is missing"]
    return violations


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    violations = check_tree(sys.argv[1])
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations in {len(list_files(sys.argv[1]))} files")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
