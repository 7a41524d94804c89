"""When work that was done once is repaid by what it saves each month.

Rule 1: net is what is left after the work is paid; gross is not, and is called so.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Return:
    """What was spent once, and what comes back each month."""

    cost_nusd: int
    saving_nusd: Fraction
    """a month; 0 or less: it never comes back"""

    @property
    def months_to_recoup(self) -> Fraction | None:
        """None: never."""
        return self.cost_nusd / self.saving_nusd if self.saving_nusd > 0 else None

    def net_nusd(self, months: int) -> Fraction:
        """What is left after so many months."""
        return self.saving_nusd * months - self.cost_nusd

    def net_percent(self, months: int) -> Fraction | None:
        """What is left, for each hundred spent; None: nothing was spent."""
        return self.net_nusd(months) * 100 / self.cost_nusd if self.cost_nusd else None

    def gross_percent(self, months: int) -> Fraction | None:
        """All that came back, for each hundred spent: 100 more than net."""
        return self.saving_nusd * months * 100 / self.cost_nusd if self.cost_nusd else None

    def spend_needed_nusd(self, saved: Fraction, months: Fraction) -> Fraction | None:
        """The monthly bill from which on a saving of this share repays the work in time."""
        return self.cost_nusd / (saved * months) if saved > 0 and months > 0 else None


def roi(hours: Fraction, hourly_nusd: int, saving_nusd: Fraction) -> Return:
    """Engineering hours against a monthly saving."""
    return Return(round(hours * hourly_nusd), saving_nusd)
