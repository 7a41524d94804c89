"""Lets loaded packages do what code will do with them, so that no run pays for the first time.

Rule 1: in the zygote all of it: what is imported or cached late is so before the fork.
Rule 2: in a child that waits only what nearly every run does: it copies the pages that such a
run writes to, and each that is copied in vain costs as much as one that is not.
Rule 3: a rehearsal leaves nothing behind, and one that fails is not missed.
"""

from __future__ import annotations

import contextlib
import sys

_QUICK = {
    "numpy": "import numpy as np\na = np.arange(12.0).reshape(3, 4)\n(a @ a.T).mean()\nstr(a)",
    "pandas": """
import pandas as pd
df = pd.DataFrame({"a": [1, 2, 3], "b": [4.0, 5.0, 6.0], "c": ["x", "y", "x"]})
str(df[["a", "b"]].mean())
df[df["a"] > 1]["b"].sum()
""",
}
_SURE = {
    "numpy": "import numpy as np\na = np.arange(3.0)\na.mean()",
    "pandas": """
import pandas as pd
df = pd.DataFrame({"a": [1, 2, 3], "b": [4.0, 5.0, 6.0]})
str(df.mean())
""",
}
_SLOW = {
    "pandas": """
import io
import pandas as pd
df = pd.read_csv(io.StringIO("a,b,c\\n1,2.5,x\\n2,3.5,y\\n3,4.5,x\\n"))
df["d"] = df["a"] * df["b"]
str(df.groupby("c")["d"].agg(["mean", "sum"]))
str(df.describe())
df.merge(df, on="a").sort_values("a").to_csv(io.StringIO())
pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"])).dt.month.sum()
""",
    "held program: judge.py": """
import sys
sys.modules["held program: judge.py"].practise()
""",
    "scipy.stats": "import scipy.stats\nscipy.stats.ttest_ind([1.0, 2.0], [2.0, 3.0])",
    "matplotlib.pyplot": """
import io
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot([1, 2, 3], [3, 1, 2], label="a")
ax.bar([1, 2], [1, 2])
ax.set_title("Title")
ax.set_xlabel("x")
ax.legend()
fig.savefig(io.BytesIO(), format="png", bbox_inches="tight")
plt.close("all")
""",
}


def rehearse() -> None:
    """All of it, for the packages that are loaded."""
    for parts in (_QUICK, _SLOW, _QUICK, _SURE, _SURE):
        _perform(parts)


def touch() -> None:
    """What nearly every run does."""
    _perform(_SURE)


def is_worth_it() -> bool:
    """Something is loaded that nearly every run would use."""
    return any(it in sys.modules for it in _SURE)


def _perform(parts: dict[str, str]) -> None:
    for name, text in parts.items():
        if name in sys.modules:
            with contextlib.suppress(Exception):
                exec(text, {})  # noqa: S102 - the texts above
