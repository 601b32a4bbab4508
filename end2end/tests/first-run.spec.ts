// From the printed link to a page that changes while somebody looks at it.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { enter, expectAccessible, setUp } from '../support/steps.ts';

let pharos: Pharos;
let target: Target;

test.beforeEach(async () => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

test('first run to a live page takes less than a minute @phone', async ({ page }) => {
  const begin = Date.now();
  await setUp(page, pharos, [target.url]);
  await page.goto(pharos.url);
  await expect(page.locator('#banner h1')).toHaveText('All systems operational');
  expect(Date.now() - begin).toBeLessThan(60_000);
  await expectAccessible(page);
});

test('the set-up link works once', async ({ page }) => {
  await setUp(page, pharos, [target.url]);
  const link = pharos.setupPath;
  await page.context().clearCookies();
  await page.goto(pharos.url + link);
  await expect(page).toHaveURL(/\/login/);
});

test('the public reads names and no addresses, and they are changed on the last page of the set-up', async ({ page }) => {
  await setUp(page, pharos, [`${target.url}/health?x=1`]);
  const name = page.getByRole('textbox', { name: /health/ });
  await expect(name).toHaveValue('Website 1');
  await name.fill('');
  await page.getByRole('button', { name: 'Save names' }).click();
  await expect(page.getByText('Write a name.')).toBeVisible();
  await name.fill('Shop');
  await page.getByRole('button', { name: 'Save names' }).click();
  await expect(page.getByText('The page has these names now.')).toBeVisible();
  await expectAccessible(page);
  // Whoever goes on does not lose what was typed.
  await name.fill('');
  await page.getByRole('button', { name: 'Open the console' }).click();
  await expect(page.getByText('Write a name.')).toBeVisible();
  await name.fill('Store');
  await page.getByRole('button', { name: 'Open the console' }).click();
  await expect(page).toHaveURL(`${pharos.url}/console`);
  await page.goto(pharos.url);
  await expect(page.locator('.component .name')).toHaveText('Store');
  await expect(page.locator('body')).not.toContainText(new URL(target.url).host);
});

test('a target is switched off and the open page changes without a reload @phone', async ({ page, context }) => {
  await enter(page, pharos, [target.url]);
  await setInterval(page, 1);
  const visitor = await context.newPage();
  await visitor.goto(pharos.url);
  await expect(visitor.locator('#banner h1')).toHaveText('All systems operational');
  await visitor.evaluate(() => ((window as any).sameDocument = true));

  await target.off();
  await expect(visitor.locator('#banner')).toHaveAttribute('data-state', 'major');
  await expect(visitor.locator('#incidents article')).toHaveCount(1);
  await expect(visitor.locator('#incidents')).not.toContainText('refused');
  await expectAccessible(visitor);
  await othersAreAccessible(await context.newPage());

  await target.on();
  await expect(visitor.locator('#banner')).toHaveAttribute('data-state', 'operational');
  await expect(visitor.locator('#incidents article')).toHaveCount(0);
  expect(await visitor.evaluate(() => (window as any).sameDocument)).toBe(true);
  // The console has brought the icons, and they are not asked for again: on a slow line they would come after their words.
  const asked = await visitor.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter((entry) => entry.name.includes('/icons.svg') && entry.transferSize > 0)
      .map((entry) => entry.name),
  );
  expect(asked).toEqual([]);
  const link = (await visitor.locator('#banner use').first().getAttribute('href'))!;
  expect((await visitor.request.get(pharos.url + link)).headers()['cache-control']).toContain('immutable');
});

test('after a restart of the server an open page resumes', async ({ page, context }) => {
  await enter(page, pharos, [target.url]);
  await setInterval(page, 1);
  const visitor = await context.newPage();
  await visitor.goto(pharos.url);
  await expect(visitor.locator('body')).toHaveClass(/on-air/);
  await pharos.stop('SIGKILL');
  await expect(visitor.locator('body')).toHaveClass(/stale/);
  await expect(visitor.locator('#banner .live')).toHaveText(/^Reconnecting – data from \d\d:\d\d/);
  await target.off();
  await pharos.run();
  await expect(visitor.locator('#banner')).toHaveAttribute('data-state', 'major', { timeout: 30_000 });
  await expect(visitor.locator('body')).not.toHaveClass(/stale/);
});

test('the same without scripts @nojs', async ({ page }) => {
  await setUp(page, pharos, [target.url], false);
  await setInterval(page, 1, false);
  await page.goto(pharos.url);
  await expect(page.locator('#banner h1')).toHaveText('All systems operational');
  await target.off();
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#banner')).toHaveAttribute('data-state', 'major', { timeout: 500 });
  }).toPass();
});

/** The public pages around the first one, while there is an incident. */
async function othersAreAccessible(page: Page): Promise<void> {
  await page.goto(pharos.url);
  const incident = await page.locator('#incidents article a[href*="/incidents/"]').first().getAttribute('href');
  for (const path of [incident!, '/history', '/incidents/nothing', '/nothing', '/status/nothing']) {
    await page.goto(pharos.url + path);
    await expectAccessible(page);
  }
  await page.close();
}

/** Lets the one monitor be checked every so many seconds, by the form that people use. */
async function setInterval(page: any, seconds: number, scripts = true): Promise<void> {
  await page.goto(`${pharos.url}/console/monitors`);
  await page.locator('a[href*="/console/monitors/NM"]').first().click();
  await page.getByRole('link', { name: 'Edit' }).click();
  if (scripts) await page.waitForFunction(() => document.documentElement.dataset.hydrated === 'true');
  await page.getByLabel(/^Interval|^Check every/).fill(String(seconds));
  await page.getByRole('button', { name: /^Save/ }).click();
  await expect(page).toHaveURL(/\/console\/monitors\/NM\w+$/);
}
