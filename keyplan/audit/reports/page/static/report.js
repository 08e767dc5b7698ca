// What the report knows, and the questions that it answers: verdicts, ways and proofs.

const report = JSON.parse(byId("report").textContent);
const { principals, secrets } = report;
const ofSecrets = new GradesTable(report.ofSecrets, secrets.length);
const ofRoles = new GradesTable(report.ofRoles, report.roles.length);
const roleAt = new Map(report.roles.map((principal, position) => [principal, position]));
const principalAt = new Map(principals.map((arn, number) => [arn, number]));
const secretAt = new Map(secrets.map((secret, number) => [secret.arn, number]));

const alike = new Map(); // how many secrets have a name
for (const { name: text } of secrets) alike.set(text, (alike.get(text) ?? 0) + 1);

// How principals are written in short: those of the snapshot's own account without it.
function labelOf(arn) {
  const account = accountOf(arn);
  const text = withoutAccount(arn) || arn;
  return !account || account === report.account.id || text === arn ? text : `${account} ${text}`;
}

// And secrets: by their name, where it is the only one.
function labelOfSecret(secret) {
  const { arn, name: text } = secrets[secret];
  return alike.get(text) > 1 ? `${text} (${arn.split(":").slice(3, 5).join(" ")})` : text;
}

function verdictOf(principal, secret) {
  return ofSecrets.verdict(report.reach[principal], secret);
}

function directVerdictOf(principal, secret) {
  return ofSecrets.verdict(report.reads[principal], secret);
}

// Whom a principal can become over links of at least a verdict, nearest first: [{principal, from}].
const walked = new Map();
function walk(start, verdict) {
  const key = start * 4 + verdict;
  if (!walked.has(key)) {
    if (walked.size > 2000) walked.clear();
    walked.set(key, walkAnew(start, verdict));
  }
  return walked.get(key);
}

function walkAnew(start, verdict) {
  const steps = [{ principal: start, from: null }];
  const seenRoles = new Bits(report.roles.length);
  const seen = new Set([start]);
  for (const step of steps) {
    const fresh = ofRoles.at(report.becomes[step.principal], verdict).without(seenRoles);
    seenRoles.join(fresh);
    for (const role of fresh) {
      const principal = report.roles[role];
      if (!seen.has(principal)) {
        seen.add(principal);
        steps.push({ principal, from: step });
      }
    }
  }
  return steps;
}

// The shortest path of the best verdict, as numbers of principals; a principal that gets nowhere is alone.
function wayOf(principal, secret) {
  const verdict = verdictOf(principal, secret);
  if (verdict === DENY || directVerdictOf(principal, secret) === verdict) return [principal];
  let step = walk(principal, verdict).find(
    (each) => ofSecrets.at(report.reads[each.principal], verdict).has(secret));
  const way = [];
  for (; step; step = step.from) way.unshift(step.principal);
  return way;
}

// The requests on the way, one after the other, each with every statement about it and what is lacking.
function proofOf(principal, secret) {
  const way = wayOf(principal, secret);
  const steps = way.slice(1).map((role, number) =>
    stepOf(report.assuming, ofRoles, way[number], roleAt.get(role), principals[role]));
  const last = way[way.length - 1];
  const { arn, key, state, stateVerdict, keyState, keyStateVerdict } = secrets[secret];
  steps.push(hindered(stepOf(report.reading, ofSecrets, last, secret, arn), state, stateVerdict));
  const decrypting = stepOf(report.decrypting, ofSecrets, last, secret, key);
  decrypting.statements.push(...grantsOf(last, secret));
  steps.push(hindered(decrypting, keyState, keyStateVerdict));
  const failing = steps.find((step) => step.verdict === DENY);
  if (failing) failing.failsFirst = true;
  return { verdict: verdictOf(principal, secret), way, steps };
}

// The state of what is asked for can take away what the policies give.
function hindered(step, words, verdict) {
  if (words === undefined) return step;
  step.verdict = Math.min(step.verdict, WORDS.indexOf(verdict));
  step.lacking.push(words);
  return step;
}

function stepOf(requests, table, principal, position, resource) {
  const [grades, lacks, ...reasons] = formOf(requests, table, principal, position);
  const statements = [];
  for (const number of reasons) {
    const [where, denies, clause, its, open] = requests.reasons[number];
    const verdict = table.verdict(its, position);
    if (verdict === DENY) continue;
    const { statement, text, condition } = statementOf(clause, table, position);
    const isSure = verdict === ALLOW;
    statements.push({
      does: denies ? "denies" : "allows",
      verdict,
      where: requests.where[where],
      statement,
      text,
      open: isSure ? [] : requests.open[open],
      condition: isSure ? "" : condition,
    });
  }
  return {
    action: requests.action,
    principal: principals[principal],
    resource,
    verdict: table.verdict(grades, position),
    failsFirst: false,
    lacking: requests.lacks[lacks].filter(([set]) => table.set(set).has(position))
      .map(([, phrase]) => requests.phrases[phrase]),
    statements,
  };
}

// Of the forms in which somebody can ask, the first that is let in best.
function formOf(requests, table, principal, position) {
  const forms = requests.askers[requests.principals[principal]].map((each) => requests.forms[each]);
  const verdicts = forms.map(([grades]) => table.verdict(grades, position));
  return forms[verdicts.indexOf(Math.max(...verdicts))];
}

function statementOf(clause, table, position) {
  const written = report.clauses[clause];
  let [statement, condition] = written;
  if (written.length === 3) {
    const [members, statements, conditions] = written;
    const at = [...table.set(members)].indexOf(position);
    [statement, condition] = [statements[at], conditions[at]];
  }
  const [name, text] = report.statements[statement];
  return { statement: name, text, condition: report.conditions[condition] };
}

function grantsOf(principal, secret) {
  const verdict = ofSecrets.verdict(report.granted[principal], secret);
  if (verdict === DENY) return [];
  return (report.grants[secrets[secret].key] ?? [])
    .filter(({ to, of }) =>
      Bits.read(to, principals.length).has(principal) && Bits.read(of, secrets.length).has(secret))
    .map(({ name: statement, text }) =>
      ({ does: "allows", verdict, where: "grant", statement, text, open: [], condition: "" }));
}

// Why nobody can read a secret for sure, whatever the policies say.
function hindranceOf(secret) {
  const { state, keyState } = secrets[secret];
  return [state, keyState].filter(Boolean).join("; ");
}
