const MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august",
  "september", "october", "november", "december"];

function month(name) {
  const low = name.toLowerCase();
  const at = MONTHS.findIndex((it) => it === low || it.slice(0, 3) === low);
  if (at < 0) throw new Error("a month");
  return at + 1;
}

function right(text) {
  const it = text.trim();
  const digits = /^(\d{4})-(\d\d)-(\d\d)$/.exec(it) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(it);
  const before = /^(\d{1,2}) ([A-Za-z]+) (\d{4})$/.exec(it), after = /^([A-Za-z]+) (\d{1,2}), (\d{4})$/.exec(it);
  const [y, m, d] = digits ? digits.slice(1).map(Number)
    : before ? [Number(before[3]), month(before[2]), Number(before[1])]
      : after ? [Number(after[3]), month(after[1]), Number(after[2])] : [0, 0, 0];
  const day = new Date(0);
  day.setUTCFullYear(y, m - 1, d);
  if (!y || day.getUTCFullYear() !== y || day.getUTCMonth() !== m - 1 || day.getUTCDate() !== d) throw new Error("a day");
  return [String(y).padStart(4, "0"), String(m).padStart(2, "0"), String(d).padStart(2, "0")].join("-");
}

const wrong = {
  asksTheMachine: (text) => new Date(text).toISOString().slice(0, 10),
  guessesAtSlashes: (text) => right(text.replace(/^(\d\d)[/.](\d\d)[/.](\d{4})$/, "$3-$1-$2")),
  takesAnyDay: (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? text : right(text)),
};

module.exports = { right, wrong };
