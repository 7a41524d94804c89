function read(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new Error("a day");
  const day = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text) throw new Error("a day");
  return day;
}

function later(day, unit, count) {
  const made = new Date(day);
  if (unit !== "month") {
    made.setUTCDate(made.getUTCDate() + count * (unit === "week" ? 7 : 1));
    return made;
  }
  made.setUTCDate(1);
  made.setUTCMonth(made.getUTCMonth() + count);
  const last = new Date(made);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  made.setUTCDate(Math.min(day.getUTCDate(), last.getUTCDate()));
  return made;
}

function right(first, last, unit, step) {
  const day = read(first), end = read(last);
  if (!["day", "week", "month"].includes(unit) || !Number.isInteger(step) || step < 1) throw new Error(unit);
  const made = [];
  for (let now = day; now <= end; now = later(day, unit, made.length * step)) {
    made.push(now.toISOString().slice(0, 10));
  }
  return made;
}

const wrong = {
  letsMonthsRunOver: (first, last, unit, step) => {
    if (unit !== "month") return right(first, last, unit, step);
    const made = [];
    for (const now = read(first); now <= read(last); now.setUTCMonth(now.getUTCMonth() + step)) {
      made.push(now.toISOString().slice(0, 10));
    }
    return made;
  },
  leavesTheLastOut: (first, last, unit, step) => right(first, last, unit, step).filter((it) => it !== last),
  takesDaysThatAreNone: (first, last, unit, step) => {
    const day = (text) => new Date(Date.UTC(...text.split("-").map((it, at) => it - (at === 1)))).toISOString().slice(0, 10);
    return right(day(first), day(last), unit, step);
  },
};

module.exports = { right, wrong };
