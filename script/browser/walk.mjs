// Takes pictures of the public pages and of the demo's inbox, on the way that a person goes: the form, the mail, its links.
// Phone and desk, light and dark. Nothing is confirmed or left: the links are only looked at.
//
//   node walk.mjs BASE_URL OUT        BASE_URL is where `eshot demo` listens
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { launch } from './browser.mjs';

const [base, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

// Somebody on the demo's list; and the form takes nothing that was filled in faster than a person can.
const READER = 'ada.lovelace@example.org';
const TYPING = 2_500;

// A new person for each round: one is asked once a day at most.
const newcomers = ['robin.field@example.com', 'robin.field@example.org', 'robin.field@example.net', 'robin@example.com'];

const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

// The numbers of the mails to an address, newest first, once there are any.
async function mails(address) {
  for (let tries = 0; tries < 60; tries += 1) {
    const list = await (await fetch(`${base}/demo/inbox?to=${encodeURIComponent(address)}`)).text();
    const found = [...list.matchAll(/\/demo\/inbox\/(\d+)"/g)].map((match) => match[1]);
    if (found.length > 0) return found;
    await setTimeout(500);
  }
  throw new Error(`no mail for ${address} has come`);
}

// The first link in a mail's text part whose path begins so.
async function link(mail, path) {
  const page = await (await fetch(`${base}/demo/inbox/${mail}?view=text`)).text();
  const found = page.match(new RegExp(`${base}${path}[a-z2-7]+`));
  if (!found) throw new Error(`mail ${mail} has no link to ${path}`);
  return found[0];
}

const browser = await launch();
for (const viewport of sizes) {
  for (const colorScheme of ['light', 'dark']) {
    const name = `${viewport.width}-${colorScheme}`;
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const picture = (what, fullPage = true) => page.screenshot({ path: join(out, `${what}-${name}.png`), fullPage });
    const look = async (what, url, fullPage) => {
      const answer = await page.goto(url, { waitUntil: 'load' });
      if (!answer.ok()) throw new Error(`${url} answered ${answer.status()}`);
      await picture(what, fullPage);
    };

    const newcomer = newcomers.pop();
    await look('form', `${base}/forms/e-shot-opt-in`);
    await page.fill('input[name=email]', newcomer);
    await page.fill('input[name=name]', 'Robin Field');
    await page.check('input[name=topic] >> nth=0');
    await page.check('input[name=consent]');
    await setTimeout(TYPING);
    await page.click('button[type=submit]');
    await page.waitForLoadState('load');
    await picture('check-your-inbox');

    const [asked] = await mails(newcomer);
    await look('confirm', await link(asked, '/confirm/'));
    const campaign = (await mails(READER)).at(-1);
    await look('preferences', await link(campaign, '/p/'));
    await look('unsubscribe', await link(campaign, '/u/'));
    await look('view', await link(campaign, '/view/'));
    // Lists and frames scroll; what is seen at first is the picture.
    await look('inbox', `${base}/demo/inbox`, false);
    await look('inbox-mail', `${base}/demo/inbox/${campaign}`, false);
    await context.close();
  }
}
await browser.close();
