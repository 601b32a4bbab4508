// The console without a mouse: every key that its own list names.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { alive, expectAccessible, enter, send } from '../support/steps.ts';

let pharos: Pharos;
let target: Target;

test.beforeEach(async ({ page }) => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
  await enter(page, pharos, [target.url, `${target.url}second`]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

test('g and a letter go to a page, n to a new monitor', async ({ page }) => {
  for (const [key, path, heading] of [
    ['m', '/console/monitors', 'Monitors'],
    ['i', '/console/incidents', 'Incidents'],
    ['a', '/console/alerts', 'Alerts'],
    ['p', '/console/page', 'Status page'],
    ['s', '/console/settings', 'Settings'],
    ['o', '/console', 'Overview'],
  ]) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(page).toHaveURL(pharos.url + path);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  }
  await page.keyboard.press('n');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors/new`);
  // A letter without g before it goes nowhere.
  await page.keyboard.press('s');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors/new`);
});

test('a slash searches, j and k walk along the rows, Enter opens one', async ({ page }) => {
  await page.keyboard.press('/');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors`);
  const rows = page.locator('[data-row]');
  await expect(rows).toHaveCount(2);
  await page.keyboard.press('/');
  const search = page.getByRole('searchbox', { name: 'Search' });
  await expect(search).toBeFocused();
  // The slash itself is no part of what is searched for, and letters are letters here.
  await page.keyboard.type('second');
  await expect(search).toHaveValue('second');
  await expect(rows).toHaveCount(1);
  await search.fill('');
  await expect(rows).toHaveCount(2);
  await search.blur();

  await page.keyboard.press('j');
  await expect(rows.nth(0)).toBeFocused();
  await page.keyboard.press('j');
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('j');
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('k');
  await expect(rows.nth(0)).toBeFocused();
  const href = await rows.nth(0).getAttribute('href');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(pharos.url + href!);
});

test('a question mark lists the keys, and Escape gives the focus back', async ({ page }) => {
  const link = page.getByRole('link', { name: 'Add monitor' });
  await link.focus();
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keys' });
  await expect(list).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await expect(link).toBeFocused();
});

test('keys do nothing behind a question, and can be switched off', async ({ page }) => {
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keys' });
  await expect(list).toBeVisible();
  await press(page, 'n');
  await press(page, 'g');
  await press(page, 's');
  await expect(list).toBeVisible();
  await expect(page).toHaveURL(`${pharos.url}/console`);
  const inside = await list.evaluate((dialog) => dialog.contains(document.activeElement));
  expect(inside).toBe(true);
  // Off, also after the page was loaded again; on again by the settings, where no key leads any more.
  const name = 'Keys of one letter are commands';
  await list.getByRole('checkbox', { name }).uncheck();
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  for (const _ of [1, 2]) {
    await press(page, 'n');
    await press(page, '?');
    await expect(page).toHaveURL(`${pharos.url}/console`);
    await expect(list).toBeHidden();
    await page.reload();
    await alive(page);
  }
  await page.goto(`${pharos.url}/console/settings`);
  await alive(page);
  const setting = page.locator('#main').getByRole('checkbox', { name });
  await expect(setting).not.toBeChecked();
  await setting.check();
  await setting.blur();
  await page.keyboard.press('n');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors/new`);
});

test('letters are letters while somebody types, and keys with Control are the browser\'s', async ({ page }) => {
  await page.goto(`${pharos.url}/console/monitors/new`);
  await alive(page);
  const name = page.getByRole('textbox', { name: /^Name/ });
  await name.focus();
  await page.keyboard.type('gm n / ?');
  await expect(name).toHaveValue('gm n / ?');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors/new`);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await name.fill('');
  await name.blur();
  await page.keyboard.press('Control+g');
  await press(page, 'm');
  await expect(page).toHaveURL(`${pharos.url}/console/monitors/new`);
});

/** Presses a key that should do nothing, and waits long enough to see that it does not. */
async function press(page: Page, key: string): Promise<void> {
  await page.keyboard.press(key);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

test('the first stop skips to the content and takes the focus along', async ({ page }) => {
  await page.goto(`${pharos.url}/console/monitors`);
  await alive(page);
  await expect(page.locator('[data-row]')).toHaveCount(2);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const isInside = await page.evaluate(() => document.querySelector('#main')!.contains(document.activeElement));
  expect(isInside).toBe(true);
});

test('levels come and go by keys, and the focus goes along, to what is wrong, and never below the bar', async ({ page }) => {
  await send(page, pharos, 'add_integration', { kind: 'webhook', 'form[url]': 'http://127.0.0.1:9/', 'form[name]': 'Hook', next: '/console' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${pharos.url}/console/alerts/new`);
  await alive(page);
  const level = (number: number) => page.getByRole('heading', { name: `Level ${number}` });
  await tabTo(page, 'Add a level');
  await page.keyboard.press('Enter');
  await expect(level(2)).toBeFocused();
  await tabTo(page, 'Remove level 1', 'Shift+Tab');
  await page.keyboard.press('Space');
  await expect(level(1)).toBeFocused();
  await expect(level(2)).toHaveCount(0);

  await tabTo(page, 'Save definition');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await page.keyboard.type('Nights');
  await tabTo(page, 'Save definition');
  await page.keyboard.press('Enter');
  const wrong = page.locator('[data-wrong]').first();
  await expect(wrong).toBeFocused();
  // What is to be chosen comes next.
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('monitors[]');
  await page.keyboard.press('Space');
  await tabTo(page, 'Hook');
  await page.keyboard.press('Space');
  await tabTo(page, 'Save definition');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/console\/alerts$/);
});

/** Presses a key until what has the focus is called so; on the way everything that has it is in sight. */
async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let stops = 0; stops < 100; stops += 1) {
    await page.keyboard.press(key);
    const [here, covered] = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement, box = element.getBoundingClientRect();
      const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent ?? '';
      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return [label.trim(), Boolean(top?.closest('.bottom-bar')) && !element.closest('.bottom-bar')];
    });
    expect(covered, `${here} is below the bar`).toBe(false);
    if (here === name) return;
  }
  throw new Error(`no key leads to ${name}`);
}
