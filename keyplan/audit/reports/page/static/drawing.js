// The way to a secret as a graph: principal, roles, secret, and the key that decrypts it.

const BOX = { width: 356, height: 46, gap: 40 };
const LONGEST_NAME = 42, LONGEST_HALF_NAME = 19;

function kindOf(arn) {
  return withoutAccount(arn).split("/")[0] || "principal";
}

function drawing(proof, secret) {
  const { way, steps } = proof;
  const nodes = way.map((principal, number) => box(0, number * (BOX.height + BOX.gap), BOX.width, {
    kind: `${kindOf(principals[principal])} of ${accountOf(principals[principal])}`,
    label: withoutAccount(principals[principal]).replace(/^(user|role)\//, ""),
    full: principals[principal],
  }, LONGEST_NAME));
  const bottom = way.length * (BOX.height + BOX.gap);
  const half = (BOX.width - 16) / 2;
  nodes.push(box(0, bottom, half,
    { kind: "secret", label: labelOfSecret(secret), full: secrets[secret].arn, mark: "is-secret" }, LONGEST_HALF_NAME));
  const { key } = secrets[secret];
  nodes.push(box(half + 16, bottom, half,
    { kind: "its key", label: key.replace(/^.*:key\//, ""), full: key, mark: "is-key" }, LONGEST_HALF_NAME));
  const arrows = steps.map((step, number) => arrow(step, number, way.length));
  const height = bottom + BOX.height;
  return draw("svg", { class: "drawing", viewBox: `-2 -2 ${BOX.width + 4} ${height + 4}`, role: "img",
    "aria-label": inWords(proof, secret) }, ...arrows, ...nodes);
}

function inWords({ way, steps }, secret) {
  const names = [...way.map((each) => labelOf(principals[each])), labelOfSecret(secret)];
  const verdicts = steps.map((step) => `${step.action} ${WORDS[step.verdict]}`);
  return `The way: ${names.join(", then ")}. Requests: ${verdicts.join(", ")}.`;
}

function box(x, y, width, { kind, label, full, mark = "" }, longest) {
  return draw("g", { class: `box ${mark}` },
    draw("title", {}, full),
    draw("rect", { x, y, width, height: BOX.height, rx: 6 }),
    draw("text", { x: x + 12, y: y + 18, class: "kind" }, kind),
    draw("text", { x: x + 12, y: y + 35, class: "label" }, shortened(label, longest)));
}

function arrow(step, number, people) {
  const toKey = number === people;
  const x = toKey ? BOX.width / 2 + 32 : 24;
  const from = Math.min(number, people - 1) * (BOX.height + BOX.gap) + BOX.height;
  const to = from + BOX.gap - 7;
  const middle = from + BOX.gap / 2;
  return draw("g", { class: `arrow is-${WORDS[step.verdict]}` },
    draw("line", { x1: x, y1: from, x2: x, y2: to }),
    draw("path", { d: `M${x - 4} ${to - 1}L${x + 4} ${to - 1}L${x} ${to + 6}Z` }),
    step.verdict === DENY
      ? draw("path", { class: "cross", d: `M${x - 6} ${middle - 8}l12 12m0 -12l-12 12` }) : null,
    ...labels(`${number + 1} ${step.action.split(":")[1]}`, WORDS[step.verdict], number >= people - 1)
      .map((text, line, { length }) => draw("text", { x: x + 14, y: middle + 3 + 14 * (line - (length - 1) / 2) }, text)));
}

// The last two arrows stand beside each other, and have two lines each.
function labels(action, verdict, isBeside) {
  return isBeside ? [action, verdict] : [`${action} \u00b7 ${verdict}`];
}
