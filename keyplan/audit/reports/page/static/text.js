// Text and nodes. Whatever comes from the account passes through `visible`, and becomes text, never markup.

// Characters without a shape of their own: controls, bidi marks, joiners, lone surrogates, fillers.
const SHAPELESS = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/gu;

function visible(text) {
  return String(text).replace(SHAPELESS, (each) => `\\u{${each.codePointAt(0).toString(16)}}`);
}

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, visible(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null) node.append(child instanceof Node ? child : visible(child));
  }
  return node;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A name from the account: in its own order, whatever its characters say about direction.
function name(text, attributes = {}) {
  return make("bdi", { class: "name", ...attributes }, text);
}

// Lines that this program made, as JSON.stringify makes them.
function lines(text) {
  return document.createTextNode(text.split("\n").map(visible).join("\n"));
}

function byId(id) {
  return document.getElementById(id);
}

// `arn:aws:iam::111122223333:role/chat-api` -> `role/chat-api`
function withoutAccount(arn) {
  const parts = arn.split(":");
  return parts.length > 5 ? parts.slice(5).join(":") : arn;
}

function accountOf(arn) {
  return arn.split(":")[4] ?? "";
}

function count(number, one, several = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : several}`;
}

// The middle goes first: names differ at their ends.
function shortened(text, longest) {
  const all = [...visible(text)];
  if (all.length <= longest) return all.join("");
  const end = Math.floor((longest - 1) / 2);
  return `${all.slice(0, longest - 1 - end).join("")}\u2026${all.slice(-end).join("")}`;
}
