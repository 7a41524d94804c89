function merged(intervals, sort = (a, b) => a[0] - b[0], joins = (start, end) => start <= end) {
  const made = [];
  for (const [start, end] of [...intervals].sort(sort)) {
    if (start > end) throw new RangeError("interval");
    const last = made.at(-1);
    if (last && joins(start, last[1])) last[1] = Math.max(last[1], end);
    else made.push([start, end]);
  }
  return made;
}

const wrong = {
  sortsThemAsText: (intervals) => merged(intervals, undefined, (start, end) => start <= end) && merged([...intervals].sort(), () => 0),
  keepsWhatTouchesApart: (intervals) => merged(intervals, undefined, (start, end) => start < end),
  joinsNeighbours: (intervals) => merged(intervals, undefined, (start, end) => start <= end + 1),
};

module.exports = { right: (intervals) => merged(intervals), wrong };
