"""The file that carries a job to a vendor, and the one that brings back what came of it.

Rule 1: a job travels as one zip that Python runs: the code, its files, and the program below,
which starts the code as a process of its own and writes down how that ended.
Rule 2: the outcome is believed only with the hash that the program printed where the vendor,
and not the model, shows what was printed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import secrets
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from headgate.sandbox.model import Artefact, Job, Limits, Refused, Result, Status
from headgate.wire.broken import BROKEN

SUFFIX = {"python": ".py", "bash": ".sh"}
_WORK = "work/"
_WHEN = (1980, 1, 1, 0, 0, 0)
PROGRAM = """\
import base64, hashlib, json, mimetypes, os, resource, shutil, signal, subprocess, sys
import tempfile, time, zipfile

def main():
    me = sys.argv[0]
    with zipfile.ZipFile(me) as bundle:
        spec = json.loads(bundle.read("spec.json"))
        place = tempfile.mkdtemp()
        bundle.extractall(place)
    there = os.environ.get("OUTPUT_DIR") or os.path.dirname(os.path.abspath(me))
    work, out = os.path.join(place, "work"), os.path.join(place, "output")
    os.makedirs(work, exist_ok=True)
    os.makedirs(out)
    argv = {"python": [sys.executable], "bash": ["bash"]}[spec["language"]]
    argv = argv + [os.path.join(place, spec["main"])] + spec["args"]
    env = dict(os.environ, OUTPUT_DIR=out, MPLBACKEND="Agg", **spec["env"])
    logs = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
    began, status = time.monotonic(), ""
    child = subprocess.Popen(argv, cwd=work, env=env, stdin=subprocess.PIPE,
        stdout=logs[0], stderr=logs[1], start_new_session=True)
    try:
        child.communicate(base64.b64decode(spec["stdin"]), timeout=spec["wall_s"])
    except subprocess.TimeoutExpired:
        status = "wall_limit"
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    code = child.wait()
    took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    said, lost = [], 0
    for log in logs:
        size = log.seek(0, 2)
        log.seek(0)
        said.append(base64.b64encode(log.read(spec["output_bytes"])).decode())
        lost += max(0, size - spec["output_bytes"])
    made, left = [], spec["artefact_bytes"]
    for folder, _, names in os.walk(out):
        for name in sorted(names):
            path = os.path.join(folder, name)
            size = os.path.getsize(path)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            if size > left or len(made) >= spec["artefacts"]:
                status = status or "artefact_limit"
                continue
            left -= size
            sent = spec["name"] + "_" + str(len(made)) + os.path.splitext(name)[1][:10]
            shutil.copyfile(path, os.path.join(there, sent))
            made.append(dict(sent=sent, path=os.path.relpath(path, out),
                mime=mimetypes.guess_type(name)[0] or "application/octet-stream"))
    told = json.dumps(dict(status=status, code=code, stdout=said[0], stderr=said[1],
        lost=lost, made=made, ms=took * 1000, cpu_ms=(used.ru_utime + used.ru_stime) * 1000,
        peak_mb=used.ru_maxrss / 1024, version=sys.version.split()[0])).encode()
    with open(os.path.join(there, spec["name"] + ".json"), "wb") as file:
        file.write(told)
    print(spec["name"], hashlib.sha256(told).hexdigest())

main()
"""


class Parcel(NamedTuple):
    """A job as it is sent."""

    name: str
    """of all its files there, without suffix; nobody can guess it"""
    data: bytes

    @property
    def file(self) -> str:
        return f"{self.name}.zip"

    @property
    def outcome(self) -> str:
        return f"{self.name}.json"


class Outcome(msgspec.Struct):
    """What our program wrote down."""

    status: str
    code: int
    stdout: str
    stderr: str
    lost: int
    made: list[dict[str, str]]
    ms: float
    cpu_ms: float
    peak_mb: float
    version: str


_OUTCOME = msgspec.json.Decoder(Outcome)


def pack(job: Job) -> Parcel:
    """The job, ready to be sent; Refused: a vendor cannot run it as it is."""
    suffix = SUFFIX.get(job.language)
    if suffix is None:
        raise Refused(
            f"{job.language} does not run on a vendor's interpreter",
            "--on local runs it here; vendors run Python",
        )
    name, limits = f"hg{secrets.token_hex(8)}", job.limits
    main = f"main{suffix}"
    spec = {
        "name": name,
        "language": job.language,
        "main": main,
        "args": list(job.args),
        "env": dict(job.env),
        "stdin": base64.b64encode(job.stdin).decode(),
        "wall_s": limits.wall_s,
        "output_bytes": limits.output_bytes,
        "artefacts": limits.artefacts,
        "artefact_bytes": limits.artefact_mb << 20,
    }
    sent = io.BytesIO()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_DEFLATED) as bundle:
        _add(bundle, "__main__.py", PROGRAM.encode())
        _add(bundle, "spec.json", msgspec.json.encode(spec))
        _add(bundle, main, job.code.encode("utf-8", "surrogatepass"))
        for file in job.files:
            if file.path.startswith("/") or ".." in file.path.split("/"):
                raise Refused(f"{file.path!r} does not lie in the work folder", "name it below")
            _add(bundle, _WORK + file.path, file.data)
    return Parcel(name, sent.getvalue())


def _add(bundle: zipfile.ZipFile, name: str, data: bytes) -> None:
    bundle.writestr(zipfile.ZipInfo(name, _WHEN), data)


def printed(parcel: Parcel, logs: str) -> str:
    """The hash of the outcome, as the vendor shows that it was printed; empty: it was not."""
    found = re.search(rf"\b{parcel.name} ([0-9a-f]{{64}})\b", logs)
    return found[1] if found is not None else ""


def read(data: bytes, wanted: str) -> Outcome | None:
    """The outcome; None: it is not what our program wrote."""
    if hashlib.sha256(data).hexdigest() != wanted:
        return None
    try:
        return _OUTCOME.decode(data)
    except (*BROKEN, msgspec.ValidationError):
        return None


def result_of(outcome: Outcome, files: Mapping[str, bytes], limits: Limits) -> Result:
    """The same as any run's; `files`: what was fetched, by the name it was sent under."""
    made = [_artefact(it, files[it["sent"]]) for it in outcome.made if it["sent"] in files]
    status, signal = _ended(outcome)
    hint = "ask for more time, or work in chunks" if status is Status.WALL else ""
    return Result(
        status=status,
        exit_code=outcome.code if signal is None else None,
        signal=signal,
        stdout=_text(outcome.stdout),
        stderr=_text(outcome.stderr),
        lost_bytes=outcome.lost,
        artefacts=tuple(made),
        hint=hint,
        execution_ms=outcome.ms,
        cpu_ms=outcome.cpu_ms,
        peak_mb=outcome.peak_mb,
        version=outcome.version,
    )


def _ended(outcome: Outcome) -> tuple[Status, int | None]:
    if outcome.status == Status.WALL:
        return Status.WALL, None
    if outcome.code < 0:
        return Status.SIGNAL, -outcome.code
    if outcome.code:
        return Status.ERROR, None
    if outcome.status:
        return Status(outcome.status), None
    return (Status.OUTPUT if outcome.lost else Status.OK), None


def _artefact(made: Mapping[str, Any], data: bytes) -> Artefact:
    sha256 = hashlib.sha256(data).hexdigest()
    return Artefact(str(made["path"]), len(data), sha256, str(made["mime"]), data)


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8", "replace")
