// Checks every mail in a folder: html-validate, axe in light and dark at two widths, nothing from strangers, no sideways
// scrolling on a phone. node check-mails.mjs FOLDER
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import { launch } from './browser.mjs';
import { open } from './mails.mjs';

const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -'.html'.length)).sort();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What mails must do differently from pages: tables carry the layout, styles stand at the elements, and Outlook reads
// attributes that HTML has left behind.
const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    'attr-case': 'off',
    'attribute-misuse': 'off',
    'doctype-style': 'off',
    'long-title': 'off',
    'no-conditional-comment': 'off',
    'no-deprecated-attr': 'off',
    'no-inline-style': 'off',
    'no-trailing-whitespace': 'off',
    'no-redundant-role': 'off',
    'prefer-native-element': 'off',
    'tel-non-breaking': 'off',
  },
});

let passed = 0;
let failed = 0;
function report(what, problems) {
  if (problems.length === 0) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAILED ${what}`);
  for (const problem of problems) console.log(`  ${problem}`);
}

for (const name of names) {
  const { results } = await validator.validateString(readFileSync(join(folder, `${name}.html`), 'utf8'));
  report(`${name}: html-validate`, results.flatMap(({ messages }) => messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`)));
}

const browser = await launch();
for (const width of [600, 320]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    for (const name of names) {
      const { page, strangers } = await open(context, folder, name);
      await page.evaluate(axe);
      // A mail is shown inside of somebody else's page, which has the landmarks.
      const { violations } = await page.evaluate(() =>
        globalThis.axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
          rules: { region: { enabled: false }, 'landmark-one-main': { enabled: false } },
        }),
      );
      const where = `${name}, ${width} px, ${colorScheme}`;
      report(`${where}: axe`, violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary.replaceAll('\n', ' ')}`)));
      report(`${where}: asks nobody else`, strangers);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      report(`${where}: no sideways scrolling`, overflow > 0 ? [`${overflow} px too wide`] : []);
      await page.close();
    }
    await context.close();
  }
}
await browser.close();

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
