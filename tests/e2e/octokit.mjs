#!/usr/bin/env node
// Requests signed by other people's libraries: every example payload that
// octokit publishes, and GitLab-shaped deliveries by standardwebhooks.  The
// providers must accept each, read the pushes and ignore the rest; one changed
// byte must be refused.  Prints TAP.

import { spawn, execFileSync } from "node:child_process";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { readFileSync, existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const build = process.env.BUILD ? resolve(process.env.BUILD) : join(root, "build");
const driver = join(build, "tests/e2e/provider_driver");

let count = 0;
let failed = 0;

function ok(good, name, note) {
  count++;
  failed += good ? 0 : 1;
  console.log(`${good ? "ok" : "not ok"} ${count} - ${name}`);
  if (!good && note !== undefined) console.log(`#   ${JSON.stringify(note)}`);
}

if (!existsSync(driver)) {
  console.log(`Bail out! ${driver} is not built`);
  process.exit(2);
}
let modules;
try {
  modules = execFileSync(join(root, "tests/support/node.sh"), { encoding: "utf8" }).trim();
} catch {
  console.log("1..0 # SKIP the npm packages to compare with cannot be installed");
  process.exit(0);
}
const require = createRequire(join(modules, "x.js"));
const { sign } = await import(join(modules, "node_modules/@octokit/webhooks-methods/dist-node/index.js"));
const { Webhook } = require("standardwebhooks");

const child = spawn(driver, { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

async function put(request) {
  child.stdin.write(JSON.stringify({ ...request, body: Buffer.from(request.body).toString("base64") }) + "\n");
  const { value, done } = await lines.next();
  if (done) throw new Error("the driver died");
  return JSON.parse(value);
}

const OK = 0;
const UNAUTHORIZED = 1;
const secret = "an octokit secret \u00fc";

async function github(event, body, type = "application/json") {
  return {
    provider: "github",
    secret,
    headers: {
      "Content-Type": type,
      "X-GitHub-Event": event,
      "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "X-Hub-Signature-256": await sign(secret, body),
    },
    body,
  };
}

function flip(request) {
  const body = Buffer.from(request.body);
  body[body.length >> 1] ^= 1;
  return { ...request, body };
}

function is_the_push(content, payload) {
  const ref = content.refs?.[0] ?? {};
  const urls = [content.repository, ...(content.urls ?? [])];
  return content.refs.length === 1 && ref.ref === payload.ref && ref.before === payload.before &&
    ref.after === payload.after && content.ignored === undefined &&
    content.default_branch === payload.repository.default_branch &&
    content.pusher === payload.pusher.name && urls.includes(payload.repository.clone_url) &&
    urls.includes(payload.repository.ssh_url) && urls.includes(payload.repository.html_url);
}

async function every_example(place) {
  const file = join(modules, "node_modules/@octokit/webhooks-examples", place, "index.json");
  for (const { name, examples } of JSON.parse(readFileSync(file, "utf8"))) {
    let good = 0;
    let pushes = 0;
    let refused = 0;
    let last;
    for (const example of examples) {
      for (const form of [false, true]) {
        const json = JSON.stringify(example);
        const body = form ? new URLSearchParams({ payload: json }).toString() : json;
        const request = await github(name, body, form ? "application/x-www-form-urlencoded" : undefined);
        const answer = await put(request);
        const accepted = answer.detected === "github" && answer.headers === OK &&
          answer.verified === OK && answer.parsed === OK && answer.id !== null;
        const read = name === "push"
          ? accepted && is_the_push(answer.content, example)
          : accepted && answer.content.refs.length === 0 && answer.content.ignored !== undefined;
        pushes += name === "push" && read ? 1 : 0;
        good += read ? 1 : 0;
        refused += (await put(flip(request))).verified === UNAUTHORIZED ? 1 : 0;
        if (!read) last = { answer, ref: example.ref };
      }
    }
    ok(good === 2 * examples.length,
      `${place}: ${name}: all ${examples.length} are ${name === "push" ? "read" : "ignored with a reason"}`, last);
    ok(refused === 2 * examples.length, `${place}: ${name}: none with a flipped bit`);
  }
}

async function gitlab_deliveries() {
  const token = "whsec_" + Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
  const other = "whsec_" + Buffer.from("fedcba9876543210fedcba9876543210").toString("base64");
  const project = { git_http_url: "https://gitlab.example.org/o/r.git", default_branch: "main" };
  const ids = { before: "1".repeat(40), after: "2".repeat(40) };
  const bodies = [
    { object_kind: "push", ref: "refs/heads/main", ...ids, project },
    { object_kind: "tag_push", ref: "refs/tags/v1", ...ids, project },
    { event_name: "repository_update", changes: [{ ref: "refs/heads/a", ...ids }, { ref: "refs/heads/b", ...ids }], project },
    { object_kind: "issue", title: "\u{1f514} doorbell" },
  ];
  const now = new Date();
  for (const [i, payload] of bodies.entries()) {
    const body = JSON.stringify(payload);
    const id = `msg_${i}`;
    const signature = new Webhook(token).sign(id, now, body);
    const both = new Webhook(other).sign(id, now, body) + " " + signature;
    const request = {
      provider: "gitlab",
      signing_token: token,
      now_ms: now.getTime(),
      headers: {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "System Hook",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": signature,
      },
      body,
    };
    const name = payload.object_kind ?? payload.event_name;
    const answer = await put(request);
    ok(answer.verified === OK && answer.parsed === OK, `standardwebhooks: ${name} is authentic`, answer);
    ok(answer.content.refs.length === (payload.changes?.length ?? (payload.ref ? 1 : 0)), `... with its refs`, answer);
    ok(answer.id === id, "... and its id", answer);
    const rotated = await put({ ...request, headers: { ...request.headers, "webhook-signature": both } });
    ok(rotated.verified === OK, "... in a rotation too");
    ok((await put({ ...request, signing_token: other })).verified === UNAUTHORIZED, "... not under another token");
    ok((await put(flip(request))).verified === UNAUTHORIZED, "... not with a flipped bit");
    ok((await put({ ...request, now_ms: now.getTime() + 301000 })).verified === UNAUTHORIZED, "... not five minutes later");
  }
}

for (const place of ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"]) {
  await every_example(place);
}
await gitlab_deliveries();
child.stdin.end();
console.log(`1..${count}`);
process.exit(failed === 0 ? 0 : 1);
