// Pages that change while somebody is on them: the focus stays with its thing, and a storm does not freeze anybody.
import { expect, Locator, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Receiver } from '../support/receiver.ts';
import { Target } from '../support/target.ts';
import { alive, enter, send } from '../support/steps.ts';

let pharos: Pharos;
let first: Target;
let second: Target;

test.beforeEach(async () => {
  [pharos, first, second] = [await Pharos.start(), await Target.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await first.off();
  await second.off();
});

/** Adds a monitor that looks every second, by what its form sends. */
async function watch(page: Page, name: string, url: string): Promise<void> {
  const policy = { 'form[interval]': '1', 'form[failure_threshold]': '1', 'form[recovery_threshold]': '1' };
  await send(page, pharos, 'add_monitor', { 'form[kind]': 'http', 'form[url]': url, 'form[name]': name, ...policy });
}

/** Two monitors, of which “Beta” is down and “Alpha”, which comes before it in every list, is not yet. */
async function betaIsDown(page: Page): Promise<void> {
  await enter(page, pharos, [second.url]);
  await watch(page, 'Alpha', `${first.url}alpha`);
  await watch(page, 'Beta', `${second.url}beta`);
  await second.off();
}

/** Whether the very element that was looked at before still has the focus. */
async function mark(link: Locator): Promise<void> {
  await link.focus();
  await link.evaluate((element) => ((element as any).mark = true));
}

const isMarked = (link: Locator): Promise<boolean> => link.evaluate((element) => (element as any).mark === true);

test('who is on a row of the overview stays on it when another monitor comes above', async ({ page }) => {
  await betaIsDown(page);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  const beta = page.locator('.broken').getByRole('link', { name: 'Beta' });
  await expect(beta).toBeVisible({ timeout: 30_000 });
  await mark(beta);
  await first.off();
  await expect(page.locator('.broken').getByRole('link', { name: 'Alpha' })).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('.broken a').first()).toHaveText('Alpha');
  await expect(beta).toBeFocused();
  // The page is read again a moment after something happened.
  await page.waitForTimeout(3_000);
  await expect(beta).toBeFocused();
  expect(await isMarked(beta)).toBe(true);
  // A row that is well again goes; another link to the same monitor takes over.
  await second.on();
  await expect(beta).toHaveCount(0, { timeout: 30_000 });
  await expect(page.locator('.feed a:focus')).toHaveText('Beta');
});

test('who is on an incident stays on it when a newer one comes above', async ({ page }) => {
  await betaIsDown(page);
  await page.goto(`${pharos.url}/console/incidents`);
  await alive(page);
  const beta = page.locator('.incidents').getByRole('link', { name: /Beta/ });
  await expect(beta).toBeVisible({ timeout: 30_000 });
  await mark(beta);
  await first.off();
  await expect(page.locator('.incidents').getByRole('link', { name: /Alpha/ })).toBeVisible({ timeout: 30_000 });
  await expect(beta).toBeFocused();
  expect(await isMarked(beta)).toBe(true);
});

test('who is on a message of the log stays on it when more are sent', async ({ page }) => {
  const receiver = await Receiver.start();
  await enter(page, pharos, [second.url]);
  await send(page, pharos, 'add_integration', { kind: 'webhook', 'form[url]': receiver.url, 'form[name]': 'Hook', next: '/console' });
  await watch(page, 'Beta', `${second.url}beta`);
  await second.off();
  await expect(() => expect(receiver.bodies.length).toBeGreaterThan(0)).toPass({ timeout: 30_000 });
  await page.goto(`${pharos.url}/console/deliveries`);
  await alive(page);
  const message = page.getByRole('row').filter({ hasText: 'Outage' }).filter({ hasText: 'Beta' }).getByRole('link');
  await mark(message);
  await second.on();
  await expect(page.getByRole('row').filter({ hasText: 'Recovery' }).first()).toBeVisible({ timeout: 30_000 });
  await expect(message).toBeFocused();
  expect(await isMarked(message)).toBe(true);
  await receiver.stop();
});

test('a storm is drawn a few times a second, whatever comes', async ({ page }) => {
  await enter(page, pharos, Array.from({ length: 30 }, (_, number) => `${second.url}${number}`));
  let server: { send(text: string): void } | undefined;
  let seq = 0;
  await page.routeWebSocket(/\/api\/live/, (socket) => {
    const real = socket.connectToServer();
    server = socket;
    real.onMessage((text) => {
      seq = Math.max(seq, Number(String(text).match(/"seq":(\d+)/)?.[1] ?? 0));
      socket.send(text);
    });
  });
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  await expect(page.locator('.page-head .live')).toHaveText('Live');
  await page.evaluate(() => {
    const all = window as any;
    all.draws = 0;
    const count = new MutationObserver(() => (all.draws += 1));
    count.observe(document.querySelector('#main')!, { subtree: true, childList: true, characterData: true });
  });
  // Four hundred monitors that nobody knew break within two seconds.
  const counts = { up: 0, degraded: 0, confirming: 0, down: 400, unknown: 0, pending: 0, paused: 0 };
  for (let number = 0; number < 400; number += 1) {
    const id = `NM${number.toString(16).padStart(20, '0')}`;
    const name = `Far ${number.toString().padStart(3, '0')}`;
    const row = {
      id, name, kind: 'http', target: '', state: 'down', since: 1, reason: 'gone', checked_at: 1, latency_us: null, uptime_day: null,
      spark: [], interval: 1_000,
    };
    const item = { seq: seq + number + 1, at: 1, state: 'down', monitor: id, name, text: 'gone' };
    server!.send(JSON.stringify({ monitor: { seq: seq + number + 1, row, counts, item } }));
    if (number % 10 === 0) await page.waitForTimeout(50);
  }
  await expect(page.locator('.feed a').first()).toHaveText('Far 399');
  await expect(page.locator('.broken > li')).toHaveCount(50);
  expect(await page.evaluate(() => (window as any).draws)).toBeLessThan(80);
});

test('a page that was gone to has the focus, and a field that asks for it keeps it', async ({ page }) => {
  await enter(page, pharos, [second.url]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  await expect(page.locator('#main')).not.toBeFocused();
  await page.getByRole('link', { name: 'Monitors' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Monitors' })).toBeVisible();
  await expect(page.locator('#main')).toBeFocused();
  // A list that is searched is still the same page.
  const search = page.getByRole('searchbox', { name: 'Search' });
  await search.fill('nothing like it');
  await expect(page.getByText(/^No monitor matches/)).toBeVisible();
  await expect(search).toBeFocused();
  // What is pressed and goes leaves the focus in the page, and the box does not say what is not looked for any more.
  await page.getByRole('link', { name: 'Show all' }).press('Enter');
  await expect(page.locator('[data-row]')).toHaveCount(1);
  await expect(search).toHaveValue('');
  await expect(page.locator('body')).not.toBeFocused();
});

test('what was done before the page was alive is not lost', async ({ page }) => {
  await enter(page, pharos, Array.from({ length: 20 }, (_, number) => `${second.url}n${number}`));
  let open = () => {};
  const slow = async () => {
    const opened = new Promise<void>((resolve) => (open = resolve));
    await page.route(/\.wasm$/, async (route) => {
      await opened;
      await route.continue();
    });
  };
  const come = async () => {
    open();
    await alive(page);
    await page.unroute(/\.wasm$/);
  };

  // A kind of check, and a name.
  await slow();
  await page.goto(`${pharos.url}/console/monitors/new`, { waitUntil: 'commit' });
  await page.getByRole('textbox', { name: /^Name/ }).fill('Mail server');
  await page.getByText('TCP port').click();
  await come();
  await expect(page.getByRole('textbox', { name: /^Port/ })).toBeVisible();
  await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('Mail server');
  await expect(page.getByRole('radio', { name: 'TCP port' })).toBeChecked();

  // A search.
  await slow();
  await page.goto(`${pharos.url}/console/monitors`, { waitUntil: 'commit' });
  await page.getByRole('searchbox', { name: 'Search' }).fill('n19');
  await come();
  await expect(page.locator('[data-row]')).toHaveCount(1);
  await slow();
  await page.goto(`${pharos.url}/console/monitors`, { waitUntil: 'commit' });
  await page.getByRole('combobox', { name: 'State' }).selectOption('Paused');
  await come();
  await expect(page).toHaveURL(/state=paused/);
  await expect(page.getByText(/^No monitor matches/)).toBeVisible();

  // A tick that stays through a search, and a number that the picture shows.
  await slow();
  await page.goto(`${pharos.url}/console/alerts/new`, { waitUntil: 'commit' });
  await page.getByRole('checkbox', { name: /\/n7$/ }).check();
  await page.getByRole('radio').nth(1).check();
  await page.getByRole('textbox', { name: 'Minutes of failing' }).fill('25');
  await come();
  await expect(page.getByRole('region', { name: 'Time line' })).toContainText('25 min');
  await page.getByRole('searchbox', { name: 'Search monitors' }).fill('n19');
  await expect(page.getByText('1 of 20 monitors')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: /\/n7$/ })).toBeChecked();
});

test('a page that could not be read comes by itself when the server is back', async ({ page, context }) => {
  await enter(page, pharos, [second.url]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  await expect(page.locator('.page-head .live')).toHaveText('Live');
  await pharos.stop('SIGKILL');
  await page.getByRole('link', { name: 'Monitors' }).first().click();
  await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
  await pharos.run();
  await expect(page.locator('[data-row]')).toHaveCount(1, { timeout: 30_000 });
});
