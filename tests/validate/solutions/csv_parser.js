function rows(text) {
  const made = [[]];
  let field = "", at = 0;
  const end = () => { made.at(-1).push(field); field = ""; };
  while (at < text.length) {
    const it = text[at];
    if (it === '"' && field === "") {
      const whole = /"((?:[^"]|"")*)"(?=,|\r?\n|$)/y;
      whole.lastIndex = at;
      const found = whole.exec(text);
      if (!found) throw new Error("a quote that never ends");
      field = found[1].replaceAll('""', '"');
      at += found[0].length;
      if (field === "" && (at === text.length || text[at] !== ",")) made.at(-1).quoted = true;
    } else if (it === ",") { end(); at += 1; made.at(-1).more = true; }
    else if (it === "\n" || (it === "\r" && text[at + 1] === "\n")) {
      end();
      made.push([]);
      at += it === "\n" ? 1 : 2;
    } else { field += it; at += 1; }
  }
  end();
  return made.filter((it) => it.length > 1 || it[0] !== "" || it.quoted);
}

function right(text) {
  const [head, ...rest] = rows(text.replace(/^\uFEFF/, ""));
  if (!head) return [];
  if (new Set(head).size < head.length) throw new Error("a name twice");
  return rest.map((row) => {
    if (row.length > head.length) throw new Error("too many fields");
    return Object.fromEntries(head.map((name, at) => [name, row[at] ?? ""]));
  });
}

const wrong = {
  splitsAtCommas: (text) => {
    const [head, ...rest] = text.trim().split("\n").map((it) => it.split(","));
    return rest.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
  },
  keepsTheMark: (text) => right(`\n${text}`),
  losesNames: (text) => right(text).map((row) => {
    const made = {};
    for (const [name, it] of Object.entries(row)) if (!(name in made)) made[name] = it;
    return made;
  }),
};

module.exports = { right, wrong };
