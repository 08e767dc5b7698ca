// The explanation beside the matrix: of one pair, one principal, one secret, or how to read the page.

function showDetails(selected) {
  const { principal, secret } = selected;
  const parts = principal !== null && secret !== null ? pairDetails(principal, secret)
    : principal !== null ? principalDetails(principal)
      : secret !== null ? secretDetails(secret) : overview();
  byId("details").replaceChildren(...parts.flat().filter(Boolean));
  byId("details").scrollTop = 0;
}

function heading(kind, text, arn) {
  return [
    make("div", { class: "heading" },
      make("p", { class: "kind" }, kind),
      make("button", { type: "button", class: "close", "aria-label": "Close the explanation",
        onclick: () => choose({ principal: null, secret: null }) }, "\u00d7")),
    make("h2", {}, name(text)),
    arn ? make("p", { class: "arn" }, name(arn)) : null,
  ];
}

function go(label, target, attributes = {}) {
  return make("button", { type: "button", class: "go", onclick: () => open(target), ...attributes }, name(label));
}

function pairDetails(principal, secret) {
  const proof = proofOf(principal, secret);
  return [
    heading("Why", labelOf(principals[principal]), null),
    make("p", { class: "target" }, "and the secret ", go(labelOfSecret(secret), { principal: null, secret })),
    make("p", { class: "verdict" }, pill(proof.verdict), make("span", {}, sentence(proof, secret))),
    drawing(proof, secret),
    make("ol", { class: "steps" }, proof.steps.map(stepDetails)),
    make("p", {}, go("All that this principal reads", { principal, secret: null })),
  ];
}

function sentence({ verdict, way, steps }, secret) {
  const roles = way.length - 1;
  const through = roles ? ` through ${count(roles, "role")}` : "";
  if (verdict === ALLOW) return `It can read the value now${through}.`;
  if (verdict === UNKNOWN) return `The snapshot leaves open whether it can read the value${through}.`;
  if (verdict === DENY) return "It cannot read the value, neither directly nor through any chain of roles.";
  const keys = steps.flatMap((step) => step.statements.flatMap((each) => each.condition || each.open));
  const on = [...new Set(keys)].join("; ");
  return `It can read the value${through} under a condition that a snapshot cannot know${on ? `: ${on}` : ""}.`;
}

function stepDetails(step) {
  return make("li", {},
    make("h3", {}, step.action, " ", pill(step.verdict)),
    step.failsFirst ? make("p", { class: "fails" }, "This request fails first.") : null,
    make("dl", { class: "facts" },
      make("dt", {}, "as"), make("dd", {}, name(step.principal)),
      make("dt", {}, "on"), make("dd", {}, name(step.resource))),
    step.statements.length ? step.statements.map((each) => statementDetails(each, step.statements.length <= OPENED_MAX))
      : make("p", { class: "quiet" }, "No statement is about it."),
    step.lacking.map((words) => make("p", { class: "lacking" }, name(words))));
}

const OPENED_MAX = 2; // of more statements, each is opened by whoever wants to read it

function statementDetails(statement, isOpened) {
  const { does, verdict, where, open, condition } = statement;
  const isOpen = condition ? `, if ${condition}` : open.length ? `, if ${open.join(", ")} fits`
    : verdict === UNKNOWN ? ", which is unknown" : verdict === CONDITIONAL ? ", if its condition fits" : "";
  const mark = does === "allows" ? "+" : "\u2212";
  return make("details", { class: `statement ${does}`, open: isOpened },
    make("summary", {},
      make("span", { class: "mark", "aria-hidden": "true" }, mark),
      make("span", {}, make("strong", {}, does), isOpen, " ", make("span", { class: "quiet" }, `(${where})`),
        " ", name(statement.statement))),
    make("pre", {}, lines(pretty(statement.text))));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // what could not be read has the reason in place of its text
  }
}

function principalDetails(principal) {
  const grades = report.reach[principal];
  const found = [...ofSecrets.at(grades, UNKNOWN)]
    .map((secret) => ({ principal, secret, verdict: ofSecrets.verdict(grades, secret) }))
    .sort((a, b) => b.verdict - a.verdict || compare(secrets[a.secret].name, secrets[b.secret].name));
  const tokens = report.tokens.filter((each) => each.role === principals[principal]);
  return [
    heading(kindOf(principals[principal]), labelOf(principals[principal]), principals[principal]),
    make("p", {}, tally(found) || "It can read no secret, neither directly nor through any chain of roles."),
    found.length ? longTable({
      caption: "Secrets that it gets to", columns: ["secret", "verdict", "through"], rows: found,
      textOf: ({ secret }) => secrets[secret].arn,
      cellsOf: (each) => [go(labelOfSecret(each.secret), each), pill(each.verdict), through(each)],
    }) : null,
    tokens.length ? plainTable("Tokens that can become it", ["subject", "verdict"],
      tokens.map((each) => [name(each.sub), pillOf(each.verdict)])) : null,
  ];
}

function secretDetails(secret) {
  const found = [];
  principals.forEach((_, principal) => {
    const verdict = verdictOf(principal, secret);
    if (verdict !== DENY) found.push({ principal, secret, verdict });
  });
  found.sort((a, b) => b.verdict - a.verdict || compare(principals[a.principal], principals[b.principal]));
  const changers = changersOf(secret);
  const outside = report.outsiders.filter((each) => each.secret === secrets[secret].arn);
  return [
    heading("secret", labelOfSecret(secret), secrets[secret].arn),
    make("dl", { class: "facts" }, make("dt", {}, "key"), make("dd", {}, name(secrets[secret].key))),
    hindranceOf(secret) ? make("p", { class: "note" }, hindranceOf(secret)) : null,
    make("p", {}, tally(found) || "Nobody in the snapshot can read it."),
    found.length ? longTable({
      caption: "Who gets to it", columns: ["principal", "verdict", "through"], rows: found,
      textOf: ({ principal }) => principals[principal],
      cellsOf: (each) => [go(labelOf(principals[each.principal]), each), pill(each.verdict), through(each)],
    }) : null,
    outside.length ? plainTable("Let in from outside by its own policy", ["who", "verdict"],
      outside.map((each) => [name(each.principal), pillOf(each.verdict)])) : null,
    changers.length ? longTable({
      caption: "Does not read it, and could change that", columns: ["principal", "how", "verdict"], rows: changers,
      textOf: (each) => `${principals[each.principal]} ${each.how}`,
      cellsOf: (each) => [go(labelOf(principals[each.principal]), { principal: each.principal, secret }),
        make("span", { title: each.message }, each.how), pillOf(each.verdict)],
    }) : null,
  ];
}

const changedSets = []; // of secrets, by the changer's number
function changersOf(secret) {
  return (report.changers ?? []).filter((each, number) => each.reads === WORDS[DENY]
    && (changedSets[number] ??= Bits.read(each.secrets, secrets.length)).has(secret));
}

function through({ principal, secret }) {
  const roles = wayOf(principal, secret).slice(1).map((each) => labelOf(principals[each]));
  return roles.length ? name(roles.join(" > ")) : make("span", { class: "quiet" }, "directly");
}

function tally(found) {
  return [ALLOW, CONDITIONAL, UNKNOWN]
    .map((verdict) => [verdict, found.filter((each) => each.verdict === verdict).length])
    .filter(([, number]) => number)
    .map(([verdict, number]) => `${number.toLocaleString("en")} ${WORDS[verdict]}`).join(", ");
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

const KEYS = [
  ["/", "search"],
  ["arrows", "move in the matrix; with Ctrl to its ends"],
  ["Enter", "explain the cell, the row or the column"],
  ["Esc", "close, then clear the search"],
];

function overview() {
  return [
    make("h2", {}, "How to read this"),
    make("p", {}, "Each mark is a principal that gets to a secret: choose one to see why, statement by statement. "
      + "A row's name shows all that a principal reads, a column's name all who read a secret."),
    make("ul", { class: "legend" },
      make("li", {}, sign(ALLOW), make("span", {}, make("b", {}, "allow"), ": the current value can be read now")),
      make("li", {}, sign(CONDITIONAL), make("span", {}, make("b", {}, "conditional"),
        ": it depends on what a snapshot cannot know, such as an address or MFA")),
      make("li", {}, sign(UNKNOWN), make("span", {}, make("b", {}, "unknown"),
        ": a document is missing or could not be read")),
      make("li", {}, sign(ALLOW, 2), make("span", {}, make("b", {}, "a number"),
        ": so many roles are assumed one after the other")),
      make("li", {}, make("span", { class: "sign is-deny", "aria-hidden": "true" }),
        make("span", {}, make("b", {}, "nothing"), ": denied, directly and through roles"))),
    most("Secrets with the most readers", readersBySecret(),
      (secret) => [labelOfSecret(secret), { principal: null, secret }]),
    most("Principals that get to the most", secretsByPrincipal(),
      (principal) => [labelOf(principals[principal]), { principal, secret: null }]),
    make("h3", {}, "Keys"),
    make("dl", { class: "facts keys" },
      KEYS.map(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)])),
  ];
}

const MOST = 6;

function most(caption, numbers, label) {
  const found = numbers.map((number, each) => [number, each]).filter(([number]) => number)
    .sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, MOST);
  if (!found.length) return null;
  const largest = found[0][0];
  return make("figure", { class: "most" }, make("figcaption", {}, caption),
    make("ul", {}, found.map(([number, each]) => {
      const bar = make("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${(100 * number) / largest}%`;
      const [text, target] = label(each);
      return make("li", {}, bar, go(text, target), make("span", { class: "number" }, number.toLocaleString("en")));
    })));
}

function secretsByPrincipal() {
  const sizes = new Map();
  return report.reach.map((grades) => {
    if (!sizes.has(grades)) sizes.set(grades, ofSecrets.at(grades, UNKNOWN).size);
    return sizes.get(grades);
  });
}

function readersBySecret() {
  const rows = new Map();
  for (const grades of report.reach) rows.set(grades, (rows.get(grades) ?? 0) + 1);
  const found = secrets.map(() => 0);
  for (const [grades, times] of rows) {
    for (const secret of ofSecrets.at(grades, UNKNOWN)) found[secret] += times;
  }
  return found;
}
