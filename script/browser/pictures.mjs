// Takes pictures of mails: every name given, 600 and 320 pixels wide, in light and dark.
// node pictures.mjs FOLDER OUT NAME…
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { open } from './mails.mjs';

const [folder, out, ...names] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

const browser = await launch();
for (const width of [600, 320]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width, height: 400 }, colorScheme });
    for (const name of names) {
      const { page } = await open(context, folder, name);
      await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
