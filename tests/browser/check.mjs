// Looks at pages of sultrail as people and assistive programs do, in headless Chromium.
//
//     node check.mjs PICTURES NAME=FILE…     examines the pages, then proves by broken ones that it can fail
//
// Each page is served by a server that counts what is asked for, and looked at on a desk and on a phone, light
// and dark. Prints a line a finding; exits 1 if there is any on a good page, or none on a broken one.

import { readFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const FIRST_PAINT_MS = 1000;
const LARGEST = 2 * 1024 * 1024;

const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 375, height: 812 }, isMobile: true, deviceScaleFactor: 2 },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 375, height: 812 }, isMobile: true, deviceScaleFactor: 2 },
];

// What anybody has to find by its role and its name.
const HEADINGS = ["What changed", "Timeline", "Rights over time", "What ends", "Preferences that differ", "Coverage"];
const PICTURES = [/^Account/, /^Rights/, /^Preferences: /, /^Preferences, by new defaults/, /^Runs: /];
const TABLES = [/held now or before/];

// Serves one page at /, and nothing else. A browser that asks for more is told on.
async function serve(html) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(request.url === "/" ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(request.url === "/" ? html : "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { asked, url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

async function examine(browser, html, look, picture) {
  const findings = [];
  const find = (what) => findings.push(what);
  const server = await serve(html);
  const { name, ...options } = look;
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.on("console", (message) => find(`console: ${message.text()}`));
  page.on("pageerror", (error) => find(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    find(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== server.url && !request.url().startsWith("data:")) find(`request: ${request.url()}`);
  });
  await page.goto(server.url, { waitUntil: "load" });
  if (picture) await page.screenshot({ path: picture, fullPage: true });

  await findByRole(page, find);
  for (const problem of await page.evaluate(inspect)) find(problem);
  await useKeyboard(page, find);
  // Opened, so that what they hold is looked at too.
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)) {
    find("the page is wider than the window");
  }
  for (const asked of server.asked.filter((path) => path !== "/")) find(`request: ${asked}`);

  await page.evaluate(axe);
  const verdict = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of verdict.violations.filter(({ impact }) => ["serious", "critical"].includes(impact))) {
    find(`axe: ${violation.id} (${violation.nodes.length}): ${violation.nodes[0].html.slice(0, 160)}`);
  }
  await context.close();
  server.close();
  return findings;
}

async function findByRole(page, find) {
  const counts = [
    ["one h1", page.getByRole("heading", { level: 1 })],
    ["a banner", page.getByRole("banner")],
    ["a main landmark", page.getByRole("main")],
    ["a footer", page.getByRole("contentinfo")],
    ["links to the parts", page.getByRole("navigation", { name: "Parts of this page" })],
    ...HEADINGS.map((name) => [`a heading ${name}`, page.getByRole("heading", { level: 2, name, exact: true })]),
    ...PICTURES.map((name) => [`a picture ${name}`, page.getByRole("img", { name })]),
    ...TABLES.map((name) => [`a table ${name}`, page.getByRole("table", { name })]),
  ];
  for (const [what, locator] of counts) {
    const count = await locator.count();
    if (count !== 1) find(`role: ${count} times ${what}`);
  }
}

// Runs in the page.
function inspect() {
  const problems = [];
  const all = [...document.querySelectorAll("*")];
  for (const element of all) {
    if (["SCRIPT", "IMG", "IFRAME", "OBJECT", "EMBED", "FORM", "BASE", "INPUT", "AUDIO", "VIDEO"].includes(element.tagName)) {
      problems.push(`element: ${element.outerHTML.slice(0, 100)}`);
    }
    for (const attribute of element.attributes) {
      const isBad = attribute.name.startsWith("on") || attribute.name === "style" || /^\s*javascript:/i.test(attribute.value);
      if (isBad) problems.push(`attribute: ${attribute.name}="${attribute.value.slice(0, 60)}"`);
    }
  }
  const ids = all.map((element) => element.id).filter(Boolean);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) problems.push(`id twice: ${id}`);
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) problems.push(`link to nowhere: ${link.hash}`);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push(`heading out of order: ${heading.textContent}`);
    level = next;
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent.trim()) problems.push("a table without a caption");
    if (table.querySelector("th:not([scope])")) problems.push(`a header without scope: ${table.caption?.textContent}`);
  }
  for (const region of document.querySelectorAll(".scroll")) {
    if (region.tabIndex !== 0 || !region.getAttribute("aria-label")) problems.push("a region that scrolls and has no name");
  }
  return problems;
}

// The first thing a key reaches leads to the content.
async function useKeyboard(page, find) {
  await page.keyboard.press("Tab");
  const target = await page.evaluate(() => document.activeElement.getAttribute("href"));
  const seen = await page.evaluate(() => document.activeElement.getBoundingClientRect().left >= 0);
  if (target !== "#main" || !seen) find(`keyboard: the first stop is ${target}`);
}

// The fastest of three: other programs may want the processor too.
async function firstPaint(browser, html) {
  const server = await serve(html);
  let best = Infinity;
  for (let take = 0; take < 3; take += 1) {
    const context = await browser.newContext({ viewport: LOOKS[0].viewport });
    const page = await context.newPage();
    await page.goto(server.url, { waitUntil: "load" });
    const paint = await page.evaluate(
      () =>
        new Promise((done) => {
          new PerformanceObserver((list) => {
            const entry = list.getEntriesByName("first-contentful-paint")[0];
            if (entry) done(entry.startTime);
          }).observe({ type: "paint", buffered: true });
        }),
    );
    best = Math.min(best, paint);
    await context.close();
  }
  server.close();
  return best;
}

// Pages that are broken on purpose: each has to be found out, and by the right check.
function controls(html) {
  const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/;
  const hostile = "<script>document.title = 'mine'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>";
  const free = html.replace(policy, "");
  return [
    ["an image from elsewhere", free.replace("<main", "<img alt='' src='http://127.0.0.1:9/x.png'><main"), /^request: http/],
    ["an image that the policy stops", html.replace("<main", "<img alt='' src='http://127.0.0.1:9/x.png'><main"), /^console: .*Content Security Policy/],
    ["a script from a wiki that the policy stops", html.replace("<h1>", `<h1>${hostile}`), /^console: .*Content Security Policy/],
    ["a script from a wiki", free.replace("<h1>", `<h1>${hostile}`), /^element: <script/],
    ["pale text", html.replaceAll(/--soft: #[0-9a-f]+/g, "--soft: #bbb").replace(/'sha256-[^']+'/, "'unsafe-inline'"), /^axe: color-contrast/],
    ["pictures without names", html.replaceAll(/ aria-labelledby="[a-z]+-title [a-z]+-desc"/g, "").replaceAll(/<title id="[^<]*<\/title>/g, ""), /^axe: svg-img-alt/],
    ["regions that scroll without a key", html.replaceAll(' tabindex="0"', ""), /^a region that scrolls/],
    ["a wide element", html.replace("<main", "<svg width='900' height='10'></svg><main").replace("svg { display: block; width: 100%;", "svg {").replace(/'sha256-[^']+'/, "'unsafe-inline'"), /^the page is wider/],
    ["no h1", html.replace(/<h1>.*<\/h1>/, ""), /^role: 0 times one h1/],
  ];
}

const [pictures, ...pages] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let isGood = true;
const say = (line) => process.stdout.write(`${line}\n`);
for (const [name, file] of pages.map((argument) => argument.split("="))) {
  const html = readFileSync(file, "utf8");
  const size = Buffer.byteLength(html);
  const paint = await firstPaint(browser, html);
  say(`${name}: ${(size / 1024).toFixed(0)} KiB, first paint after ${paint.toFixed(0)} ms`);
  const findings = [];
  if (size > LARGEST) findings.push(`too large: ${size} bytes`);
  if (paint > FIRST_PAINT_MS) findings.push(`painted late: ${paint} ms`);
  for (const look of LOOKS) {
    const picture = `${pictures}/${name}-${look.name}.png`;
    findings.push(...(await examine(browser, html, look, picture)).map((what) => `${look.name}: ${what}`));
  }
  for (const what of new Set(findings)) say(`  ${what}`);
  isGood &&= findings.length === 0;
}
const sound = readFileSync(pages[0].split("=")[1], "utf8");
for (const [what, html, expected] of controls(sound)) {
  const findings = await examine(browser, html, what === "a wide element" ? LOOKS[2] : LOOKS[0], null);
  const isFound = findings.some((finding) => expected.test(finding));
  say(`${isFound ? "found out" : "NOT FOUND OUT"}: ${what}`);
  if (!isFound) findings.forEach((finding) => say(`  ${finding}`));
  isGood &&= isFound && html !== sound;
}
await browser.close();
process.exitCode = isGood ? 0 : 1;
