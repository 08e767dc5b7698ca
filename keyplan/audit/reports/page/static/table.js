// Tables of lists that may be long: a search, and so many rows at a time.

const ROWS_AT_A_TIME = 100;

function plainTable(caption, columns, rows) {
  return make("table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, columns.map((column) => make("th", { scope: "col" }, column)))),
    make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell) => make("td", {}, ...[cell].flat()))))));
}

// `rows` are whatever `cellsOf` makes the cells of; `textOf` says what the search looks at.
function longTable({ caption, columns, rows, cellsOf, textOf }) {
  let shown = ROWS_AT_A_TIME, found = rows;
  const place = make("div", { class: "table" });
  const status = make("span", { class: "quiet", role: "status" });
  const search = make("input", { type: "search", "aria-label": `Search in: ${caption}`,
    placeholder: "search", oninput: () => {
      const words = wordsOf(search.value);
      found = words.length ? rows.filter((row) => hasAll(textOf(row), words)) : rows;
      shown = ROWS_AT_A_TIME;
      show();
    } });
  const more = make("button", { type: "button", onclick: () => {
    shown += ROWS_AT_A_TIME;
    show();
  } });
  const show = () => {
    place.replaceChildren(plainTable(caption, columns, found.slice(0, shown).map(cellsOf)));
    status.textContent = found.length === rows.length
      ? count(rows.length, "row") : `${count(found.length, "row")} of ${rows.length.toLocaleString("en")}`;
    more.hidden = found.length <= shown;
    more.textContent = `Show ${Math.min(ROWS_AT_A_TIME, found.length - shown)} more`;
  };
  show();
  const long = rows.length > 12;
  return make("div", { class: "list" },
    long ? make("p", { class: "search" }, search, status) : null, place, more);
}

function wordsOf(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

function hasAll(text, words) {
  const low = text.toLowerCase();
  return words.every((word) => low.includes(word));
}

// The verdict's sign beside its word: colour is never alone, and neither is shape.
function sign(verdict, steps = 0) {
  const inside = (verdict === UNKNOWN ? "?" : "") + (steps || "");
  return make("span", { class: `sign is-${WORDS[verdict]}`, "aria-hidden": "true" }, inside);
}

function pill(verdict) {
  return make("span", { class: "pill" }, sign(verdict), WORDS[verdict]);
}

function pillOf(word) {
  return pill(Math.max(0, WORDS.indexOf(word)));
}
