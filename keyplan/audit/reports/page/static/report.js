// What the report knows, and the questions that it answers: verdicts, ways and proofs.

const report = JSON.parse(byId("report").textContent);
const { principals, secrets } = report;
const ofSecrets = new GradesTable(report.ofSecrets, secrets.length);
const ofRoles = new GradesTable(report.ofRoles, report.roles.length);
const roleAt = new Map(report.roles.map((principal, position) => [principal, position]));
const principalAt = new Map(principals.map((arn, number) => [arn, number]));
const secretAt = new Map(secrets.map((secret, number) => [secret.arn, number]));

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

// The requests on the way, one after the other, each with every statement about it.
function proofOf(principal, secret) {
  const way = wayOf(principal, secret);
  const steps = way.slice(1).map((role, number) =>
    stepOf(report.assuming, ofRoles, way[number], roleAt.get(role), principals[role]));
  const last = way[way.length - 1];
  const verdicts = report.reading.map((each) => ofSecrets.verdict(each.verdicts[last], secret));
  const best = report.reading[verdicts.indexOf(Math.max(...verdicts))];
  steps.push(stepOf(best, ofSecrets, last, secret, secrets[secret].arn));
  steps.push(stepOf(report.decrypting, ofSecrets, last, secret, keyName(secret)));
  return { verdict: verdictOf(principal, secret), way, steps };
}

function keyName(secret) {
  const { key } = secrets[secret];
  if (key === undefined) return "AWS's own key for Secrets Manager";
  return key === "" ? "a key that is not in the snapshot" : key;
}

function stepOf(requests, table, principal, position, resource) {
  const statements = [];
  for (const number of requests.lists[requests.why[principal]]) {
    const [where, denies, clause, grades, open] = requests.reasons[number];
    const verdict = table.verdict(grades, position);
    if (verdict === DENY) continue;
    const [statement, text] = statementOf(clause, table, position);
    statements.push({
      does: denies ? "denies" : "allows",
      verdict,
      where: requests.where[where],
      statement,
      text,
      open: verdict === ALLOW ? [] : requests.open[open],
    });
  }
  return {
    action: requests.action,
    principal: principals[principal],
    resource,
    verdict: table.verdict(requests.verdicts[principal], position),
    statements,
  };
}

function statementOf(clause, table, position) {
  const written = report.clauses[clause];
  if (typeof written === "number") return report.statements[written];
  const [members, statements] = written;
  return report.statements[statements[[...table.set(members)].indexOf(position)]];
}

// Why nobody can read a secret, whatever the policies say.
function hindranceOf(secret) {
  const { deleted, keyState } = secrets[secret];
  if (deleted) return "It is scheduled for deletion, so that nobody can read it.";
  return keyState ? `Its key is ${keyState}, so that nobody can decrypt it.` : "";
}
