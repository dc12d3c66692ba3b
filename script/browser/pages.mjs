// Opens every public page (made-up data) in Chromium: light and dark, phone and desk. Each must pass axe and html-validate,
// keep to its content security policy, ask nobody else for anything, and not scroll sideways.
//
//   node script/browser/pages.mjs BASE_URL [FOLDER FOR PICTURES]
//
// BASE_URL is where `cargo run -p web --example gallery` listens. Ends with a line "N passed, N failed".
import { readFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { HtmlValidate } from 'html-validate';

const [base, pictures] = process.argv.slice(2);
if (!base) {
  console.error('usage: node pages.mjs BASE_URL [FOLDER]');
  process.exit(2);
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    'doctype-style': 'off',
    'no-trailing-whitespace': 'off',
    // Checkboxes of one question share a name, and a brand's name may be long.
    'form-dup-name': ['error', { shared: ['radio', 'checkbox', 'submit'] }],
    'long-title': 'off',
  },
});
const views = [
  { name: 'phone-light', width: 390, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, colorScheme: 'dark' },
  { name: 'desk-light', width: 1280, colorScheme: 'light' },
  { name: 'desk-dark', width: 1280, colorScheme: 'dark' },
];

let passed = 0;
const failures = [];
const check = (what, holds, detail = '') => {
  if (holds) passed += 1;
  else failures.push(`${what} ${detail}`);
};

const list = (await (await fetch(`${base}/gallery`)).text()).trim().split('\n');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
if (pictures) await mkdir(pictures, { recursive: true });

for (const path of list) {
  const report = await validator.validateString(await (await fetch(base + path)).text());
  const faults = report.results.flatMap((result) => result.messages);
  check(`${path} is valid HTML`, faults.length === 0, faults.map((m) => `${m.ruleId} ${m.line}: ${m.message}`).join('; '));
}

for (const view of views) {
  const context = await browser.newContext({
    viewport: { width: view.width, height: 844 },
    colorScheme: view.colorScheme,
    reducedMotion: 'reduce',
    deviceScaleFactor: view.width < 500 ? 2 : 1,
  });
  // Every language is laid out once; colours and widths are the same in all.
  const shown = view === views[0] ? list : list.filter((path) => path.startsWith('/gallery/en/'));
  for (const path of shown) {
    const page = await context.newPage();
    const said = [];
    const strangers = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(base)) strangers.push(request.url());
    });
    const response = await page.goto(base + path, { waitUntil: 'load' });
    const name = `${path} ${view.name}`;
    check(`${name} answers`, response.ok(), String(response.status()));
    // CDP evaluation is not subject to the page's policy; the page itself runs no script.
    const result = await page.evaluate(
      `${axe}; axe.run(document, { runOnly: ${JSON.stringify(rules)} })`,
    );
    const violations = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`);
    check(`${name} passes axe`, violations.length === 0, violations.join('; '));
    check(`${name} is silent`, said.length === 0, said.join('; '));
    check(`${name} asks nobody else`, strangers.length === 0, strangers.join('; '));
    const [inner, scroll] = await page.evaluate('[document.documentElement.clientWidth, document.documentElement.scrollWidth]');
    check(`${name} does not scroll sideways`, scroll <= inner, `${scroll} > ${inner}`);
    if (pictures) {
      const file = `${path.replace('/gallery/', '').replaceAll('/', '-')}-${view.name}.png`;
      await page.screenshot({ path: `${pictures}/${file}`, fullPage: true });
    }
    await page.close();
  }
  await context.close();
}
await browser.close();

for (const failure of failures) console.error(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
