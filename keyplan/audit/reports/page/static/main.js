// What begins it all, what is chosen, the keys that work everywhere, and the page on paper.

const selected = { principal: null, secret: null };
const PRINTED_ROWS_MAX = 1000;

// Choose a pair, a principal or a secret, or nothing; the address says which, so that it can be passed on.
function choose({ principal, secret }) {
  Object.assign(selected, { principal, secret });
  showDetails(selected);
  drawMatrix();
  const isBelow = byId("details").offsetTop > grid.offsetTop;
  if (isBelow && (principal !== null || secret !== null)) byId("details").scrollIntoView();
  const said = new URLSearchParams();
  if (secret !== null) said.set("secret", secrets[secret].arn);
  if (principal !== null) said.set("principal", principals[principal]);
  history.replaceState(null, "", `#${said}`);
}

// The same from anywhere else: the matrix comes forward, and the explanation gets the focus.
function open(target) {
  showPart("matrix");
  choose(target);
  const row = target.principal === null ? -1 : seen.rows.indexOf(target.principal);
  const column = target.secret === null ? -1 : seen.columns.indexOf(target.secret);
  if (row >= 0 || column >= 0) moveTo(row, column);
  byId("details").focus();
}

function chosenByAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return {
    principal: principalAt.get(given.get("principal")) ?? null,
    secret: secretAt.get(given.get("secret")) ?? null,
  };
}

function countPairs() {
  const pairs = [0, 0, 0, 0];
  const rows = new Map();
  for (const grades of report.reach) rows.set(grades, (rows.get(grades) ?? 0) + 1);
  for (const [grades, times] of rows) {
    for (const verdict of [ALLOW, CONDITIONAL, UNKNOWN]) {
      pairs[verdict] += times * ofSecrets.exactly(grades, verdict).size;
    }
  }
  return pairs;
}

function showHead(pairs) {
  const { id, others, region, at } = report.account;
  const facts = [`Account ${id || "unknown"}`, others.length ? `and ${others.join(", ")}` : "", region,
    at ? `as of ${at.replace("T", " ").replace("Z", " UTC")}` : "", `keyplan ${report.version}`];
  byId("about").replaceChildren(...facts.filter(Boolean).map((fact) => make("span", {}, name(fact))));
  document.title = visible(`Who can read which key: ${id}`);
  const all = pairs[ALLOW] + pairs[CONDITIONAL] + pairs[UNKNOWN];
  const figures = [[principals.length, "principals"], [secrets.length, "secrets"], [all, "pairs with access"]];
  if (report.gate) figures.push([report.gate.findings.length, "findings"]);
  byId("figures").append(...figures.map(([number, label]) =>
    make("div", {}, make("dt", {}, label), make("dd", {}, number.toLocaleString("en")))));
}

function onAnyKey(event) {
  const inText = event.target.matches("input[type=search], select");
  if (event.key === "/" && !inText && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    showPart("matrix");
    byId("search-secret").focus();
    byId("search-secret").select();
  } else if (event.key === "Escape") {
    if (selected.principal !== null || selected.secret !== null) choose({ principal: null, secret: null });
    else clearSearches();
    if (!byId("panel-matrix").hidden) grid.focus();
  }
}

// On paper: what the matrix shows now as a table, the explanation that is open, and all the other parts.
function printed() {
  const rows = [];
  let left = 0;
  for (const principal of seen.rows) {
    for (const secret of seen.columns) {
      const verdict = shownVerdict(principal, secret);
      if (verdict === DENY) continue;
      if (rows.length < PRINTED_ROWS_MAX) {
        rows.push([name(labelOf(principals[principal])), name(labelOfSecret(secret)), pill(verdict),
          through({ principal, secret })]);
      } else left++;
    }
  }
  PARTS.forEach(prepare);
  byId("print").replaceChildren(
    plainTable("Principals and what they get to", ["principal", "secret", "verdict", "through"], rows),
    left ? make("p", {}, `And ${count(left, "pair")} more: narrow the search, then print again.`) : "");
}

const pairs = countPairs();
showHead(pairs);
startTabs();
startFilters(pairs);
startMatrix();
showPart("matrix");
applyFilters();
showDetails(selected);
const addressed = chosenByAddress();
if (addressed.principal !== null || addressed.secret !== null) open(addressed);
document.addEventListener("keydown", onAnyKey);
addEventListener("beforeprint", printed);
