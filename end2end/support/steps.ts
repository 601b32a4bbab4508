// What several specs do the same way.
import { expect, Page } from '@playwright/test';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { Pharos } from './pharos.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PASSWORD = 'correct horse battery';

/** Waits until the page answers to clicks; without JavaScript there is nothing to wait for. */
export async function alive(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset.hydrated === 'true');
}

/** From the printed link to the page that is live, as a person goes. */
export async function setUp(page: Page, pharos: Pharos, addresses: string[], scripts = true): Promise<void> {
  await page.goto(pharos.url + pharos.setupPath);
  if (scripts) await alive(page);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('E-mail').fill('ada@example.org');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('heading', { name: 'What shall we watch?' })).toBeVisible();
  await page.getByLabel('Addresses').fill(addresses.join('\n'));
  await page.getByRole('button', { name: /^Watch/ }).click();
  await expect(page.getByRole('heading', { name: 'Where shall alerts go?' })).toBeVisible();
  await page.getByRole('link', { name: 'Skip' }).click();
  await expect(page.getByRole('heading', { name: 'Your page is live' })).toBeVisible();
}

/** What `setUp` ends with, by what its forms send: for everything that is about something else. */
export async function enter(page: Page, pharos: Pharos, addresses: string[]): Promise<void> {
  const [, token] = pharos.setupPath.split('token=');
  await send(page, pharos, 'set_up', { token, name: 'Ada', email: 'ada@example.org', password: PASSWORD });
  const last = await send(page, pharos, 'add_addresses', { address: addresses.join('\n'), next: '/setup?step=done' });
  expect(last).toContain('Your page is live');
}

/** Sends a form as a browser without scripts does, and returns the page that it leads to; cookies are those of `page`. */
export async function send(page: Page, pharos: Pharos, form: string, fields: Record<string, string>): Promise<string> {
  const headers = { accept: 'text/html', origin: pharos.url };
  const answer = await page.request.post(`${pharos.url}/api/${form}`, { form: fields, headers });
  expect(answer.ok()).toBe(true);
  return answer.text();
}

/** Everything that axe knows of WCAG 2.2 AA. */
export async function expectAccessible(page: Page): Promise<void> {
  // A page that is still being read has neither title nor heading.
  await expect(page.locator('h1').first()).toBeVisible();
  await expect(page).toHaveTitle(/./);
  // Through the debugger, so that the page's policy on scripts does not matter.
  await page.evaluate(axe);
  const problems = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await (window as any).axe.run({ runOnly: tags });
    return violations.map((found: any) => `${found.id}: ${found.nodes.map((node: any) => node.target).join(', ')}`);
  });
  expect(problems).toEqual([]);
}
