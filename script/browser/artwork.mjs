// Draws every SVG of the starters as a PNG beside it, at twice its size for sharp screens.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, root } from './browser.mjs';

const starters = join(root, 'templates', 'starters');
const files = readdirSync(starters, { recursive: true }).filter((name) => name.endsWith('.svg')).map((name) => join(starters, name));

const browser = await launch();
for (const file of files) {
  const [, width, height] = readFileSync(file, 'utf8').match(/width="(\d+)" height="(\d+)"/);
  const page = await browser.newPage({
    viewport: { width: Number(width), height: Number(height) },
    deviceScaleFactor: 2,
  });
  await page.setContent(`<body style="margin:0"><img alt="" src="data:image/svg+xml;base64,${readFileSync(file).toString('base64')}"></body>`);
  const png = await page.screenshot({ omitBackground: true });
  writeFileSync(file.replace(/\.svg$/, '.png'), png);
  console.log(`${file.replace(/\.svg$/, '.png')}: ${png.length} bytes`);
  await page.close();
}
await browser.close();
