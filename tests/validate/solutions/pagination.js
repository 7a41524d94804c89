function right(total, page, size) {
  if (![total, page, size].every(Number.isInteger)) throw new TypeError("whole numbers");
  const pages = size > 0 ? Math.ceil(total / size) : 0;
  if (total < 0 || page < 1 || size < 1 || page > Math.max(pages, 1)) throw new RangeError("page");
  return {
    first: total ? (page - 1) * size + 1 : 0,
    last: Math.min(page * size, total),
    pages,
    previous: page > 1 ? page - 1 : null,
    next: page < pages ? page + 1 : null,
  };
}

const wrong = {
  roundsWithBits: (total, page, size) => ({ ...right(total, page, size), pages: ((total + size - 1) / size) | 0 }),
  endsBeyondTheLast: (total, page, size) => ({ ...right(total, page, size), last: page * size }),
  takesText: (total, page, size) => right(Number(total), Number(page), Number(size)),
};

module.exports = { right, wrong };
