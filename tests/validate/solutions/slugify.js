const SPELLED = { ß: "ss", ẞ: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", þ: "th", ð: "d",
  Æ: "ae", Œ: "oe", Ø: "o", Ł: "l", Đ: "d", Þ: "th", Ð: "d", "'": "", "’": "" };

function plain(text) {
  const apart = [...text].map((it) => SPELLED[it] ?? it).join("").normalize("NFKD");
  return apart.replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

function right(text, most) {
  if (most < 1) throw new RangeError("most");
  const made = plain(text);
  if (made.length <= most) return made;
  let cut = made.slice(0, most);
  if (made[most] !== "-" && cut.includes("-")) cut = cut.slice(0, cut.lastIndexOf("-"));
  return cut.replace(/-$/, "");
}

const wrong = {
  replacesTheFirst: (text, most) => right(text, most) && text.toLowerCase().trim().replace(" ", "-").slice(0, most),
  dropsWhatIsNoAscii: (text, most) => right(text.replace(/[^\x00-\x7f]/g, ""), most),
  cutsWithinWords: (text, most) => plain(text).slice(0, most),
};

module.exports = { right, wrong };
