function quoted(name) {
  if (typeof name !== "string" || !name || name.includes("\0")) throw new Error("a name");
  return `"${name.replaceAll('"', '""')}"`;
}

function condition(name, value, params) {
  if (value === null) return `${quoted(name)} IS NULL`;
  const values = Array.isArray(value) ? value : [value];
  if (!values.every((it) => ["string", "number", "boolean"].includes(typeof it))) throw new TypeError("plain");
  params.push(...values);
  if (!Array.isArray(value)) return `${quoted(name)} = ?`;
  return value.length ? `${quoted(name)} IN (${value.map(() => "?").join(", ")})` : "1 = 0";
}

function right(table, columns, where, order, limit) {
  const params = [];
  let sql = `SELECT ${columns.map(quoted).join(", ") || "*"} FROM ${quoted(table)}`;
  const all = Object.entries(where);
  if (all.length) sql += ` WHERE ${all.map(([name, it]) => condition(name, it, params)).join(" AND ")}`;
  if (order.length) {
    sql += ` ORDER BY ${order.map((it) => quoted(it.replace(/^-/, "")) + (it[0] === "-" ? " DESC" : "")).join(", ")}`;
  }
  if (limit !== null) {
    if (!Number.isInteger(limit) || limit < 0) throw new RangeError("limit");
    sql += " LIMIT ?";
    params.push(limit);
  }
  return { sql, params };
}

const wrong = {
  quotesTheFirstMark: (...of) => {
    const made = right(...of);
    return { ...made, sql: made.sql.replace('""', '"') };
  },
  takesNullForEqual: (...of) => ({ ...right(...of), sql: right(...of).sql.replace(" IS NULL", " = ?") }),
  takesZeroForNoLimit: (table, columns, where, order, limit) => right(table, columns, where, order, limit || null),
};

module.exports = { right, wrong };
