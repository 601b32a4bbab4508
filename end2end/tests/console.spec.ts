// The console: its pages by keyboard, phone and reader, and what happens when something is wrong.
import { expect, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { PASSWORD, alive, expectAccessible, enter } from '../support/steps.ts';

let pharos: Pharos;
let target: Target;

test.beforeEach(async () => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

test('every page of the console is accessible @phone', async ({ page }) => {
  // Seventeen pages, each of them judged.
  test.setTimeout(180_000);
  await enter(page, pharos, [target.url, 'tcp://127.0.0.1:1']);
  for (const path of [
    '', '/monitors', '/monitors/new', '/incidents', '/incidents?which=all', '/alerts', '/alerts/new', '/subscriptions', '/subscriptions/new',
    '/integrations', '/integrations/new', '/integrations/new?kind=webhook', '/deliveries', '/more', '/page', '/settings', '/settings/tokens',
  ]) {
    await page.goto(`${pharos.url}/console${path}`);
    await alive(page);
    await expectAccessible(page);
  }
  await page.goto(`${pharos.url}/console/monitors`);
  await page.locator('a[href*="/console/monitors/NM"]').first().click();
  await expect(page).toHaveURL(/\/console\/monitors\/NM\w+$/);
  await expectAccessible(page);
});

test('pages before and around the console are accessible @phone', async ({ page }) => {
  const look = async () => {
    await alive(page);
    await expectAccessible(page);
  };
  await page.goto(`${pharos.url}/setup`);
  await look();
  await page.goto(pharos.url + pharos.setupPath);
  await look();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.locator('.error').first()).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('E-mail').fill('ada@example.org');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Addresses').fill([target.url, 'not an address'].join('\n'));
  await expect(page.locator('.tries li')).toHaveCount(2);
  await expect(page.locator('.tries')).toContainText('200 in');
  await expectAccessible(page);
  await page.getByLabel('Addresses').fill(target.url);
  await page.getByRole('button', { name: /^Watch/ }).click();
  await expect(page.getByRole('heading', { name: 'Where shall alerts go?' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Webhook' }).click();
  await page.getByRole('textbox', { name: /^URL/ }).fill('http://127.0.0.1:1/');
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It did not arrive')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Skip' }).click();
  await expect(page.getByRole('heading', { name: 'Your page is live' })).toBeVisible();
  await expectAccessible(page);
  for (const path of ['/console/nothing', '/console/monitors?q=nothing', '/console/monitors/NMnothing', '/console/incidents/INCnothing', '/console/deliveries/DLnothing']) {
    await page.goto(pharos.url + path);
    await alive(page);
    await expectAccessible(page);
  }
  await page.context().clearCookies();
  await page.goto(`${pharos.url}/login`);
  await look();
});

test('no page throws, and nothing is blocked by the policy', async ({ page }) => {
  const trouble: string[] = [];
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) trouble.push(message.text());
  });
  await enter(page, pharos, [target.url]);
  for (const path of [
    '/console', '/console/monitors', '/console/monitors/new', '/console/incidents', '/console/alerts', '/console/alerts/new',
    '/console/subscriptions/new', '/console/integrations', '/console/integrations/new?kind=webhook', '/console/deliveries', '/console/page',
    '/console/settings', '/console/settings/tokens', '/',
  ]) {
    await page.goto(pharos.url + path);
    await page.waitForLoadState('networkidle');
  }
  expect(trouble).toEqual([]);
});

test('the console says how old it is while the server is gone, and goes on when it is back', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  const live = page.locator('.page-head .live');
  await expect(live).toHaveText('Live');
  // Twice: what was read again after the first time must not cut the line.
  for (const _ of [1, 2]) {
    await pharos.stop('SIGKILL');
    await expect(page.getByRole('status').getByText(/^Reconnecting – data from \d\d:\d\d:\d\d$/)).toBeVisible();
    await expect(live).toBeHidden();
    await expectAccessible(page);
    await pharos.run();
    await expect(live).toHaveText('Live', { timeout: 30_000 });
    await expect(page.getByText(/^Reconnecting/)).toBeHidden();
  }
});

test('a wrong password is refused with a sentence and nothing typed is lost @phone', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.context().clearCookies();
  await page.goto(`${pharos.url}/console/monitors`);
  await expect(page).toHaveURL(/\/login/);
  await alive(page);
  await page.getByLabel('E-mail').fill('ada@example.org');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: /log in/i }).click();
  await expect(page.getByText(/do not match|not right|wrong/i)).toBeVisible();
  await expect(page.getByLabel('E-mail')).toHaveValue('ada@example.org');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: /log in/i }).click();
  await expect(page).toHaveURL(/\/console\/monitors/);
});

test('a bad form names the field and keeps what was typed @nojs', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=tcp`);
  await page.getByRole('textbox', { name: 'Name' }).fill('Mail server');
  await page.getByRole('textbox', { name: 'Port' }).fill('99999');
  await page.getByRole('button', { name: /^(Add|Save|Watch)/ }).click();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Mail server');
  await expect(page.locator('.error').first()).toBeVisible();
});

test('whoever logged out in another tab is told so, and is back after logging in again', async ({ page, context }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  const other = await context.newPage();
  await other.goto(`${pharos.url}/console`);
  await alive(other);
  await other.getByRole('button', { name: 'Log out' }).click();
  const told = page.locator('.socket-lost');
  await expect(told).toContainText('You are logged out', { timeout: 30_000 });
  await expect(told.getByRole('link', { name: /^Log in/ })).toHaveAttribute('target', '_blank');
  await other.goto(`${pharos.url}/login`);
  await alive(other);
  await other.getByLabel('E-mail').fill('ada@example.org');
  await other.getByLabel('Password').fill(PASSWORD);
  await other.getByRole('button', { name: 'Log in' }).click();
  await expect(told).toHaveCount(0, { timeout: 30_000 });
});

test('a form that is sent after the session ended leads to the log-in and keeps what was typed', async ({ page, context }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=tcp`);
  await alive(page);
  await page.getByRole('textbox', { name: 'Name' }).fill('Mail server');
  await context.clearCookies();
  await page.getByRole('button', { name: /^(Add|Save|Watch)/ }).press('Enter');
  await expect(page.locator('form .notice').getByRole('link', { name: /^Log in/ })).toBeFocused();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Mail server');
});

test('the page of a monitor that is deleted elsewhere says so', async ({ page, context }) => {
  await enter(page, pharos, [target.url]);
  const open = async (tab: typeof page) => {
    await tab.goto(`${pharos.url}/console/monitors`);
    await tab.locator('a[href*="/console/monitors/NM"]').first().click();
    await expect(tab).toHaveURL(/\/console\/monitors\/NM\w+$/);
    await alive(tab);
    await expect(tab.locator('.shell')).toHaveClass(/on-air/);
  };
  await open(page);
  const other = await context.newPage();
  await open(other);
  await other.getByRole('button', { name: /^Delete/ }).first().click();
  await other.getByRole('dialog').getByRole('button', { name: /^Delete/ }).click();
  await expect(other).toHaveURL(`${pharos.url}/console/monitors`);
  await expect(other.getByText(/was deleted/)).toBeVisible();
  await expect(page.getByRole('heading', { name: 'This monitor was deleted.' })).toBeVisible();
  await expectAccessible(page);
});

test('a clock that is wrong by more than a day makes nothing older than it is', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.addInitScript(() => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + 26 * 3_600_000;
  });
  await page.goto(`${pharos.url}/console/monitors`);
  await alive(page);
  const checked = page.locator('tbody tr').first().locator('td').last();
  await expect(checked).toContainText(/ ago$|just now$/);
  await expect(checked).not.toContainText(/\d d/);
});

test('a question that was answered is not asked again when the page is loaded', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors`);
  const href = await page.locator('a[href*="/console/monitors/NM"]').first().getAttribute('href');
  await page.goto(`${pharos.url}${href}?ask=delete`);
  await alive(page);
  const question = page.getByRole('dialog', { name: /^Delete/ });
  await expect(question).toBeVisible();
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toBeHidden();
  await expect(page).toHaveURL(pharos.url + href);
});
