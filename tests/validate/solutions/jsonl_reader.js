function read(text, { ends = /\n/, mark = true, count = true } = {}) {
  const lines = (mark ? text.replace(/^\uFEFF/, "") : text).split(ends);
  const full = count ? lines : lines.filter((it) => it.trim());
  const records = [], errors = [];
  full.forEach((line, at) => {
    if (!/[^ \t\r]/.test(line)) return;
    try { records.push(JSON.parse(line)); } catch { errors.push(at + 1); }
  });
  return { records, errors };
}

const wrong = {
  takesEveryLineEnd: (text) => read(text, { ends: /\r\n|[\n\r\v\f\u0085\u2028\u2029]/ }),
  keepsTheMark: (text) => read(text, { mark: false }),
  numbersOnlyFullLines: (text) => read(text, { count: false }),
};

module.exports = { right: (text) => read(text), wrong };
