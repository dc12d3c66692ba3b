// The mails that examples/render_starters.rs has written, opened without a network: pictures come from the folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const HOST = 'https://news.example.com/';

// Opens a mail. Whatever else it asks for is an error: mails load nothing from strangers.
export async function open(context, folder, name) {
  const page = await context.newPage();
  const strangers = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url === `${HOST}${name}.html`) {
      return route.fulfill({ contentType: 'text/html; charset=utf-8', body: readFileSync(join(folder, `${name}.html`)) });
    }
    if (url.startsWith(`${HOST}assets/starters/`)) {
      return route.fulfill({ contentType: 'image/png', body: readFileSync(join(folder, url.slice(HOST.length))) });
    }
    strangers.push(url);
    return route.abort();
  });
  await page.goto(`${HOST}${name}.html`, { waitUntil: 'load' });
  return { page, strangers };
}
