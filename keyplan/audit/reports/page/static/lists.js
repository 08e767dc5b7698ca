// The parts beside the matrix: who is let in from outside, findings, who could change it, what was not read.

function pairCell(arn, label, target) {
  return target === undefined ? name(label) : go(label, target, { title: arn });
}

function principalCell(arn) {
  const principal = principalAt.get(arn);
  return pairCell(arn, labelOf(arn), principal === undefined ? undefined : { principal, secret: null });
}

function secretCell(arn, principal = null) {
  const secret = secretAt.get(arn);
  if (secret === undefined) return pairCell(arn, arn);
  return pairCell(arn, labelOfSecret(secret), { principal, secret });
}

function nothing(words) {
  return make("p", { class: "nothing" }, words);
}

function outsidePart() {
  const { outsiders, tokens } = report;
  return [
    make("h2", {}, "Let in from outside"),
    make("p", { class: "quiet" }, "Whom secrets' own policies and roles' trusts name, whose own policies the snapshot "
      + "does not have. Another account's own side would have to allow it too."),
    outsiders.length ? longTable({
      caption: "By the secret's own policy", rows: outsiders,
      columns: ["who", "kind", "secret", "verdict", "why"],
      textOf: (each) => Object.values(each).join(" "),
      cellsOf: (each) => [name(each.principal), each.kind, secretCell(each.secret), pillOf(each.verdict), name(each.why)],
    }) : nothing("No secret's policy lets in an account, a service, a federation or everybody."),
    tokens.length ? longTable({
      caption: "Tokens that can become a role (OIDC)", rows: tokens,
      columns: ["subject", "provider", "role", "verdict"],
      textOf: (each) => Object.values(each).join(" "),
      cellsOf: (each) => [name(each.sub), name(withoutAccount(each.provider)), principalCell(each.role),
        pillOf(each.verdict)],
    }) : nothing("No token of the snapshot's oidc_probes can become a role, or it has none."),
  ];
}

function findingsPart() {
  const { gate } = report;
  if (!gate) {
    return [make("h2", {}, "Findings"), nothing("Nothing was compared: make the report with --manifest or --stack "
      + "to hold the account against the catalogue.")];
  }
  const rows = [...gate.findings.map((each) => ({ ...each, state: "" })),
    ...gate.accepted.map((each) => ({ ...each, state: "accepted" }))];
  return [
    make("h2", {}, `Findings against the catalogue of ${gate.environment}`),
    rows.length ? longTable({
      caption: `${count(gate.findings.length, "finding")}, ${gate.accepted.length} accepted`, rows,
      columns: ["code", "principal", "secret", "verdict", "what", ""],
      textOf: (each) => Object.values(each).join(" "),
      cellsOf: (each) => [make("code", {}, each.code), principalCell(each.principal),
        secretCell(each.secret, principalAt.get(each.principal) ?? null), pillOf(each.verdict),
        name(each.message), each.state],
    }) : nothing("The account is as the catalogue says."),
    acceptances("Acceptances that expired or meet nothing: take them out", gate.unused),
    acceptances("Acceptances that end soon", gate.expiring),
  ];
}

function acceptances(caption, found) {
  return found.length ? plainTable(caption, ["code", "principal", "secret", "reason", "until"], found.map((each) =>
    [make("code", {}, each.code), name(each.principal), name(each.secret), name(each.reason), each.expires])) : null;
}

function changersPart() {
  if (!report.changers) return [make("h2", {}, "Who could change the answer"), nothing("Nobody looked.")];
  return [
    make("h2", {}, "Who could change the answer"),
    make("p", { class: "quiet" }, "Principals that could first give themselves, or somebody else, access. A verdict is "
      + "about the change; what they read already is in the last column."),
    report.changers.length ? longTable({
      caption: "By what they could change", rows: strangersFirst(report.changers),
      columns: ["principal", "how", "what they would use", "secrets", "verdict", "reads now"],
      textOf: (each) => `${principals[each.principal]} ${each.how} ${each.through} ${each.message}`,
      cellsOf: (each) => [principalCell(principals[each.principal]), make("code", {}, each.how),
        [name(each.message), make("br"), make("span", { class: "quiet" }, name(each.through ? withoutAccount(each.through) : "the secret itself"))],
        secretsCell(each), pillOf(each.verdict), pillOf(each.reads)],
    }) : nothing("Nobody in the snapshot could."),
  ];
}

// Those who read today are known already.
function strangersFirst(rows) {
  return [...rows].sort((a, b) => WORDS.indexOf(a.reads) - WORDS.indexOf(b.reads));
}

function secretsCell({ principal, secrets: text }) {
  const found = [...Bits.read(text, secrets.length)];
  const cell = (each) => secretCell(secrets[each].arn, principal);
  if (found.length === 1) return cell(found[0]);
  const more = found.length - ROWS_AT_A_TIME;
  return make("details", {}, make("summary", {}, count(found.length, "secret")),
    make("ul", {}, found.slice(0, ROWS_AT_A_TIME).map((each) => make("li", {}, cell(each))),
      more > 0 ? make("li", {}, `and ${more.toLocaleString("en")} more`) : null));
}

function problemsPart() {
  const { problems } = report;
  return [
    make("h2", {}, "What could not be read"),
    make("p", { class: "quiet" }, "What depends on it is unknown, never denied."),
    problems.length ? longTable({
      caption: "In the snapshot", columns: ["what"], rows: problems,
      textOf: (each) => each, cellsOf: (each) => [name(each)],
    }) : nothing("Everything could be read."),
  ];
}

const PARTS = [
  { id: "matrix", label: "Matrix" },
  { id: "outside", label: "From outside", make: outsidePart, number: () => report.outsiders.length + report.tokens.length },
  { id: "findings", label: "Findings", make: findingsPart, number: () => report.gate?.findings.length ?? null },
  { id: "changers", label: "Could change it", make: changersPart, number: () => report.changers?.length ?? null },
  { id: "problems", label: "Not read", make: problemsPart, number: () => report.problems.length },
];

function startTabs() {
  for (const part of PARTS) {
    const number = part.number?.() ?? null;
    byId("tabs").append(make("button", { type: "button", role: "tab", id: `tab-${part.id}`,
      "aria-controls": `panel-${part.id}`, onclick: () => showPart(part.id) }, part.label,
    number === null ? null : make("span", { class: "number" }, number.toLocaleString("en"))));
  }
  byId("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const here = PARTS.findIndex((part) => !byId(`panel-${part.id}`).hidden);
    const next = PARTS[(here + step + PARTS.length) % PARTS.length].id;
    showPart(next);
    byId(`tab-${next}`).focus();
  });
}

function showPart(id) {
  for (const part of PARTS) {
    const panel = byId(`panel-${part.id}`), tab = byId(`tab-${part.id}`);
    panel.hidden = part.id !== id;
    tab.setAttribute("aria-selected", String(part.id === id));
    tab.tabIndex = part.id === id ? 0 : -1;
    if (part.id === id) prepare(part);
  }
}

function prepare(part) {
  const panel = byId(`panel-${part.id}`);
  if (part.make && !panel.childElementCount) panel.append(...part.make().filter(Boolean));
}
