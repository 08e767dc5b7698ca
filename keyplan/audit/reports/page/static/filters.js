// What of the matrix is shown: the searches, the verdicts, the ways, and the order.

const wanted = {
  secret: "", principal: "", verdicts: new Set([ALLOW, CONDITIONAL, UNKNOWN]), way: "any", order: "most",
  everybody: false,
};
const byName = {
  principals: ordered(principals, (arn) => `${accountOf(arn)} ${withoutAccount(arn)}`),
  secrets: ordered(secrets, (secret) => secret.name),
};
const lowPrincipals = principals.map((arn) => arn.toLowerCase());
const lowSecrets = secrets.map((secret) => `${secret.arn} ${secret.name}`.toLowerCase());
// Principals with the same grades show the same secrets: what is found out for one holds for its kind.
const kinds = new Map();
const kindOfRow = report.reach.map((reach, principal) => {
  const key = `${reach} ${report.reads[principal]}`;
  if (!kinds.has(key)) kinds.set(key, kinds.size);
  return kinds.get(key);
});
let shownSets = []; // by kind

function ordered(things, textOf) {
  const texts = things.map(textOf);
  return things.map((_, number) => number).sort((a, b) => compare(texts[a], texts[b]) || a - b);
}

// The secrets that a row shows: of the verdicts that are wanted, in the ways that are wanted.
function shownOf(principal) {
  return (shownSets[kindOfRow[principal]] ??= shownAnew(report.reach[principal], report.reads[principal]));
}

function shownAnew(reach, reads) {
  const found = new Bits(secrets.length);
  for (const verdict of wanted.verdicts) {
    const all = ofSecrets.exactly(reach, verdict), directly = ofSecrets.at(reads, verdict);
    found.join(wanted.way === "any" ? all : wanted.way === "direct" ? all.and(directly) : all.without(directly));
  }
  return found;
}

function shownVerdict(principal, secret) {
  return shownOf(principal).has(secret) ? verdictOf(principal, secret) : DENY;
}

function applyFilters() {
  const words = { principal: wordsOf(wanted.principal), secret: wordsOf(wanted.secret) };
  const matching = new Bits(secrets.length);
  lowSecrets.forEach((text, secret) => { if (words.secret.every((word) => text.includes(word))) matching.add(secret); });
  const found = []; // by kind: how much of it is shown, and in how many rows
  const rows = byName.principals.filter((principal) => {
    if (!words.principal.every((word) => lowPrincipals[principal].includes(word))) return false;
    const kind = (found[kindOfRow[principal]] ??= ofKind(principal, matching));
    kind.rows++;
    return kind.size > 0 || wanted.everybody;
  });
  const readers = secrets.map(() => 0);
  for (const { bits, rows: times } of found.filter(Boolean)) for (const secret of bits) readers[secret] += times;
  const columns = byName.secrets.filter((each) => matching.has(each) && (wanted.everybody || readers[each]));
  if (wanted.order === "most") {
    rows.sort((a, b) => found[kindOfRow[b]].size - found[kindOfRow[a]].size);
    columns.sort((a, b) => readers[b] - readers[a]);
  }
  sayShown(rows, columns);
  showMatrix(rows, columns);
}

function ofKind(principal, matching) {
  const bits = shownOf(principal).and(matching);
  return { bits, size: bits.size, rows: 0 };
}

function applyAnew() {
  shownSets = [];
  applyFilters();
}

function sayShown(rows, columns) {
  const of = (shown, all) => `${shown.toLocaleString("en")} of ${all}`;
  byId("status").replaceChildren(rows.length && columns.length
    ? visible(`${of(rows.length, count(principals.length, "principal"))}, `
      + `${of(columns.length, count(secrets.length, "secret"))}`)
    : "Nothing fits. Clear a search with Escape, or show more verdicts.");
}

function field(label, key, hint) {
  const input = make("input", { type: "search", id: `search-${key}`, placeholder: hint, autocomplete: "off",
    spellcheck: "false", oninput: () => { wanted[key] = input.value; grid.scrollTo(0, 0); applyFilters(); } });
  return make("label", { class: "field" }, make("span", {}, label, key === "secret" ? make("kbd", {}, "/") : null), input);
}

function choice(label, key, options) {
  const select = make("select", { id: `choose-${key}`,
    onchange: () => { wanted[key] = select.value; applyAnew(); } },
  Object.entries(options).map(([value, words]) => make("option", { value }, words)));
  return make("label", { class: "field" }, make("span", {}, label), select);
}

function verdictSwitch(verdict, pairs) {
  const input = make("input", { type: "checkbox", checked: true, value: WORDS[verdict], onchange: () => {
    wanted.verdicts[input.checked ? "add" : "delete"](verdict);
    applyAnew();
  } });
  return make("label", { class: "switch" }, input, sign(verdict),
    make("span", {}, WORDS[verdict]), make("span", { class: "number" }, pairs.toLocaleString("en")));
}

function startFilters(pairs) {
  const everybody = make("input", { type: "checkbox",
    onchange: () => { wanted.everybody = everybody.checked; applyFilters(); } });
  byId("filters").append(
    field("Secret", "secret", "part of a name"),
    field("Principal", "principal", "name or account"),
    make("fieldset", {}, make("legend", {}, "Verdict"),
      [ALLOW, CONDITIONAL, UNKNOWN].map((verdict) => verdictSwitch(verdict, pairs[verdict]))),
    choice("Way", "way", { any: "any way", direct: "direct", roles: "through roles" }),
    choice("Order", "order", { most: "most access first", name: "by name" }));
  byId("shown").append(make("label", { class: "switch" }, everybody, make("span", {}, "also those without access")));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
}

function clearSearches() {
  const was = wanted.secret + wanted.principal;
  for (const key of ["secret", "principal"]) {
    wanted[key] = "";
    byId(`search-${key}`).value = "";
  }
  if (was) applyFilters();
}
