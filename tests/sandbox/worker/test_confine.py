"""What is taken away from user code stays away, and only so much may be used."""

from __future__ import annotations

from headgate.sandbox.model import Limits
from tests.sandbox.yard import python, worker


async def test_limits_are_hard_and_seccomp_and_no_new_privileges_are_on() -> None:
    code = """import resource
names = ("NOFILE", "FSIZE", "NPROC", "CORE", "CPU", "MSGQUEUE")
for name in names:
    print(name, resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
status = dict(it.split(":", 1) for it in open("/proc/self/status") if ":" in it)
print(status["Seccomp"].strip(), status["NoNewPrivs"].strip())
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99999))
except (ValueError, OSError) as error:
    print("refused")"""
    limits = Limits(wall_s=7, open_files=77, file_mb=3, processes=9)
    async with worker() as foreman:
        result = await python(foreman, code, limits=limits)
    assert result.stdout.splitlines() == [
        "NOFILE (77, 77)",
        f"FSIZE ({3 << 20}, {3 << 20})",
        "NPROC (10, 10)",
        "CORE (0, 0)",
        "CPU (8, 9)",
        "MSGQUEUE (0, 0)",
        "2 1",
        "refused",
    ]
