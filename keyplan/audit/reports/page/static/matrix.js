// The matrix: only the cells in sight are nodes, and of those only what is not denied.
// The grid has the focus, and names its active cell (aria-activedescendant): cells come and go.

const ROW = 26, BEYOND = 3;
const COLUMN = { least: 26, most: 44, wide: 120, widest: 240 };
const grid = byId("grid");
const sheet = make("div", { class: "sheet", role: "presentation" });
const heads = make("div", { class: "heads", role: "row", "aria-rowindex": "1" });
const cells = make("div", { role: "presentation" });
const seen = { rows: [], columns: [] }; // numbers of principals and of secrets, as they are shown
const active = { row: 0, column: 0 }; // -1 is the row or the column of names
let cut = null; // {columnWidth, nameWidth, headHeight}

function startMatrix() {
  sheet.append(heads, cells);
  grid.append(sheet);
  let waiting = false;
  const soon = () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; drawMatrix(); });
    waiting = true;
  };
  grid.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(() => { layOut(); soon(); }).observe(grid);
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("click", onClick);
}

function showMatrix(rows, columns) {
  Object.assign(seen, { rows, columns });
  active.row = Math.min(active.row, rows.length - 1);
  active.column = Math.min(active.column, columns.length - 1);
  grid.setAttribute("aria-rowcount", rows.length + 1);
  grid.setAttribute("aria-colcount", columns.length + 1);
  layOut();
  drawMatrix();
}

function layOut() {
  const width = grid.clientWidth;
  const nameWidth = Math.min(280, Math.max(132, Math.round(width * 0.3)));
  const each = Math.floor((width - nameWidth) / Math.max(1, seen.columns.length));
  const isWide = each >= COLUMN.wide;
  cut = {
    isWide, // then names and words stand across, and not only signs
    columnWidth: isWide ? Math.min(each, COLUMN.widest) : Math.max(COLUMN.least, Math.min(each, COLUMN.most)),
    nameWidth,
    headHeight: isWide ? 46 : 168,
  };
  grid.classList.toggle("is-wide", isWide);
  for (const [property, size] of [["--column", cut.columnWidth], ["--names", nameWidth], ["--head", cut.headHeight]]) {
    grid.style.setProperty(property, `${size}px`);
  }
  sheet.style.width = `${nameWidth + seen.columns.length * cut.columnWidth}px`;
  sheet.style.height = `${cut.headHeight + seen.rows.length * ROW}px`;
}

function inSight(from, extent, size, length) {
  const first = Math.max(0, Math.floor(from / size) - BEYOND);
  return [first, Math.min(length, Math.ceil((from + extent) / size) + BEYOND)];
}

function drawMatrix() {
  const [firstRow, endRow] = inSight(grid.scrollTop, grid.clientHeight - cut.headHeight, ROW, seen.rows.length);
  const [firstColumn, endColumn] = inSight(
    grid.scrollLeft, grid.clientWidth - cut.nameWidth, cut.columnWidth, seen.columns.length);
  heads.replaceChildren(make("div", { class: "corner", role: "columnheader", "aria-colindex": "1" },
    make("span", {}, "secret \u2192"), make("span", {}, "principal \u2193")));
  for (let column = firstColumn; column < endColumn; column++) heads.append(columnHead(column));
  const rows = [];
  for (let row = firstRow; row < endRow; row++) rows.push(rowOf(row, firstColumn, endColumn));
  cells.replaceChildren(...rows);
  grid.classList.toggle("has-choice", selected.principal !== null || selected.secret !== null);
  const id = `cell-${active.row}-${active.column}`;
  if (byId(id)) grid.setAttribute("aria-activedescendant", id);
  else grid.removeAttribute("aria-activedescendant");
}

function mark(row, column) {
  const chosen = seen.rows[row] === selected.principal && seen.columns[column] === selected.secret;
  return (row === active.row && column === active.column ? " is-active" : "") + (chosen ? " is-chosen" : "");
}

function columnHead(column) {
  const secret = seen.columns[column];
  const node = make("div", { class: `column${column === active.column ? " is-here" : ""}${mark(-1, column)}`,
    role: "columnheader", id: `cell--1-${column}`, "aria-colindex": column + 2, title: secrets[secret].arn }, name(labelOfSecret(secret)));
  node.style.left = `${cut.nameWidth + column * cut.columnWidth}px`;
  return node;
}

function rowOf(row, firstColumn, endColumn) {
  const principal = seen.rows[row];
  const arn = principals[principal];
  const node = make("div", { class: "row", role: "row", "aria-rowindex": row + 2 },
    make("div", { class: `principal${row === active.row ? " is-here" : ""}${mark(row, -1)}`, role: "rowheader",
      id: `cell-${row}--1`, "aria-colindex": "1", title: arn }, name(labelOf(arn))));
  node.style.top = `${cut.headHeight + row * ROW}px`;
  for (let column = firstColumn; column < endColumn; column++) {
    const verdict = shownVerdict(principal, seen.columns[column]);
    if (verdict !== DENY || mark(row, column)) node.append(cellOf(row, column, verdict));
  }
  return node;
}

function cellOf(row, column, verdict) {
  const principal = seen.rows[row], secret = seen.columns[column];
  const roles = verdict === DENY ? 0 : wayOf(principal, secret).length - 1;
  const how = verdict === DENY ? "" : roles ? `, through ${count(roles, "role")}` : ", directly";
  const label = `${labelOf(principals[principal])}, ${labelOfSecret(secret)}: ${WORDS[verdict]}${how}`;
  const node = make("div", { class: `cell${mark(row, column)}`, role: "gridcell", id: `cell-${row}-${column}`,
    "aria-colindex": column + 2, "aria-label": label, title: label },
    sign(verdict, roles), cut.isWide ? make("span", { class: "word" }, verdict === DENY ? "" : WORDS[verdict]) : null);
  node.style.left = `${cut.nameWidth + column * cut.columnWidth}px`;
  return node;
}

const MOVES = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-20, 0], PageDown: [20, 0], Home: [0, -Infinity], End: [0, Infinity],
};

function onKey(event) {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    return chooseActive();
  }
  const move = MOVES[event.key];
  if (!move || event.altKey || event.metaKey) return;
  event.preventDefault();
  const [rows, columns] = move;
  const far = event.ctrlKey ? Infinity : 1;
  const toCorner = event.ctrlKey && Math.abs(columns) === Infinity;
  moveTo(active.row + (toCorner ? columns : rows * far || 0), active.column + (columns * far || 0));
}

function moveTo(row, column) {
  active.row = Math.max(-1, Math.min(row, seen.rows.length - 1));
  active.column = Math.max(-1, Math.min(column, seen.columns.length - 1));
  if (active.row === -1 && active.column === -1) active.column = 0;
  bringIntoSight(active.row, active.column);
  drawMatrix();
}

function bringIntoSight(row, column) {
  const within = (from, size, at, extent) =>
    at < from ? at : at + size > from + extent ? at + size - extent : from;
  if (row >= 0) {
    grid.scrollTop = within(grid.scrollTop, ROW, row * ROW, grid.clientHeight - cut.headHeight);
  }
  if (column >= 0) {
    grid.scrollLeft = within(
      grid.scrollLeft, cut.columnWidth, column * cut.columnWidth, grid.clientWidth - cut.nameWidth);
  }
}

function chooseActive() {
  choose({
    principal: seen.rows[active.row] ?? null,
    secret: seen.columns[active.column] ?? null,
  });
}

function onClick(event) {
  const place = grid.getBoundingClientRect();
  const x = event.clientX - place.left - cut.nameWidth, y = event.clientY - place.top - cut.headHeight;
  const row = y < 0 ? -1 : Math.floor((y + grid.scrollTop) / ROW);
  const column = x < 0 ? -1 : Math.floor((x + grid.scrollLeft) / cut.columnWidth);
  if (row >= seen.rows.length || column >= seen.columns.length || (row < 0 && column < 0)) return;
  Object.assign(active, { row, column });
  chooseActive();
}
