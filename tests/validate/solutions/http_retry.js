function right(status, headers, attempt) {
  if (![408, 425, 429, 500, 502, 503, 504].includes(status) || attempt >= 5) return null;
  const told = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1] ?? "";
  if (/^[0-9]+$/.test(told)) return Number(told) <= 60 ? Number(told) : null;
  return Math.min(8, 0.5 * 2 ** (attempt - 1));
}

const wrong = {
  takesWhatBeginsLikeANumber: (status, headers, attempt) => {
    const told = parseInt(headers["Retry-After"], 10);
    return right(status, {}, attempt) === null ? null : told <= 60 ? told : right(status, headers, attempt);
  },
  neverGivesUp: (status, headers, attempt) => right(status, headers, Math.min(attempt, 4)),
  mindsTheCaseOfNames: (status, headers, attempt) => right(
    status, headers["Retry-After"] === undefined ? {} : { "Retry-After": headers["Retry-After"] }, attempt),
};

module.exports = { right, wrong };
