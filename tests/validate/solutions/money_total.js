function read(text, pattern) {
  const found = pattern.exec(text);
  if (typeof text !== "string" || !found) throw new Error("an amount");
  const [, sign = "", whole, part = ""] = found;
  return BigInt(`${sign}${whole}${part.padEnd(4, "0")}`);
}

function rounded(value, by) {
  const away = value < 0n ? -1n : 1n;
  return (value + away * (by / 2n)) / by;
}

function written(cents) {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function right(lines, rate) {
  const share = read(rate, /^()(\d)(?:\.(\d{1,4}))?$/);
  if (share > 10000n) throw new RangeError("rate");
  let net = 0n;
  for (const { price, quantity } of lines) {
    if (!Number.isInteger(quantity) || quantity < 0) throw new RangeError("quantity");
    net += rounded(read(price, /^(-?)(\d+)(?:\.(\d{1,4}))?$/) * BigInt(quantity), 100n);
  }
  const tax = rounded(net * share, 10000n);
  return { net: written(net), tax: written(tax), gross: written(net + tax) };
}

const wrong = {
  countsWithFloats: (lines, rate) => {
    const net = lines.reduce((sum, it) => sum + Number(it.price) * it.quantity, 0);
    const tax = net * Number(rate);
    return { net: net.toFixed(2), tax: tax.toFixed(2), gross: (net + tax).toFixed(2) };
  },
  roundsTowardsMore: (lines, rate) => {
    const made = right(lines, rate);
    const cents = Math.round(Number(made.net) * Number(rate) * 100);
    return { ...made, tax: (cents / 100).toFixed(2) };
  },
  takesEverything: (lines, rate) => right(
    lines.map((it) => ({ price: String(Number(it.price)), quantity: Math.trunc(it.quantity) })), rate.trim()),
};

module.exports = { right, wrong };
