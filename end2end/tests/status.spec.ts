// The status page for those who do not look at it all the time, or not at all: what is said, and that it never seems newer than it is.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { expectAccessible, PASSWORD, send } from '../support/steps.ts';

let pharos: Pharos;
let targets: Target[];

test.beforeEach(async () => {
  pharos = await Pharos.start();
  targets = [await Target.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  for (const target of targets) await target.off();
});

test('each outage that begins or ends is said to screen readers, once', async ({ page }) => {
  test.setTimeout(90_000);
  await watch(page, ['Shop', 'Mail']);
  await page.goto(pharos.url);
  await expect(page.locator('body')).toHaveClass(/on-air/);
  await listen(page);
  await targets[0].off();
  await expect.poll(() => said(page), { timeout: 30_000 }).toHaveLength(1);
  await targets[1].off();
  await expect.poll(() => said(page), { timeout: 30_000 }).toHaveLength(2);
  await targets[1].on();
  await expect.poll(() => said(page), { timeout: 30_000 }).toHaveLength(3);
  const [first, second, third] = await said(page);
  expect(first).toMatch(/^Some systems are down\. 1 of 2 components has an outage\. New incident: Shop /);
  expect(second).toMatch(/^All systems are down\. 2 of 2 components have an outage\. New incident: Mail /);
  expect(third).toMatch(/^Some systems are down\. 1 of 2 components has an outage\. No longer open: Mail /);
});

test('the page of an incident says its end, and how old it is while the network is gone', async ({ page, context }) => {
  test.setTimeout(90_000);
  await watch(page, ['Shop', 'Mail']);
  await targets[0].off();
  await page.goto(pharos.url);
  await page.locator('#incidents article a').first().click({ timeout: 30_000 });
  await expect(page.locator('#live')).toHaveText(/live$/);
  await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', '/favicon-major.svg');
  await expectAccessible(page);
  await context.setOffline(true);
  await expect(page.locator('.live')).toHaveText(/^Reconnecting – data from \d\d:\d\d/, { timeout: 8_000 });
  await context.setOffline(false);
  await expect(page.locator('#live')).toHaveText(/live$/);
  await listen(page);
  await targets[0].on();
  await expect(page.locator('h1 + .pill')).toHaveText('Resolved', { timeout: 30_000 });
  await expect.poll(() => said(page)).toHaveLength(1);
  expect((await said(page))[0]).toMatch(/^Resolved\. Shop is working again/);
  await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', '/favicon.svg');
});

test('a page without a network does not call itself live', async ({ page, context }) => {
  await watch(page, ['Shop']);
  await page.goto(pharos.url);
  await expect(page.locator('#live')).toHaveText(/live$/);
  await context.setOffline(true);
  await expect(page.locator('.live')).toHaveText(/^Reconnecting/, { timeout: 5_000 });
  await context.setOffline(false);
  await expect(page.locator('#live')).toHaveText(/live$/);
});

test('the days of a bar are a slider that shows what it tells @phone', async ({ page }) => {
  await watch(page, ['Shop']);
  const bar = page.getByRole('slider', { name: 'Days of Shop' });
  await expect(bar).toHaveAttribute('aria-valuetext', /^Today, Operational/);
  await expect(bar).toHaveAccessibleDescription(/./);
  const value = async (name: string) => Number(await bar.getAttribute(`aria-value${name}`));
  await bar.focus();
  await bar.press('Home');
  expect(await value('now')).toBe(await value('min'));
  await expect(page.locator('main .day-pop')).toBeVisible();
  const within = await page.locator('.bar .cursor').evaluate((cursor) => {
    const [cell, drawn] = [cursor.getBoundingClientRect(), cursor.parentElement!.getBoundingClientRect()];
    return cell.left + cell.width / 2 > drawn.left && cell.right - cell.width / 2 < drawn.right;
  });
  expect(within).toBe(true);
  await expectAccessible(page);
  await bar.press('ArrowLeft');
  expect(await value('now'), 'there is none before the first').toBe(await value('min'));
  await bar.press('ArrowUp');
  expect(await value('now')).toBe((await value('min')) + 1);
  await bar.press('ArrowDown');
  expect(await value('now')).toBe(await value('min'));
  await bar.press('End');
  expect(await value('now')).toBe(await value('max'));
  await bar.press('Escape');
  await expect(bar).toHaveAttribute('aria-valuetext', /^Today, /);
});

test('nothing moves when the font comes late @phone', async ({ page }) => {
  let release = (): void => {};
  const late = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.woff2*', async (route) => {
    await late;
    await route.continue();
  });
  await page.goto(pharos.url, { waitUntil: 'commit' });
  await expect(page.locator('body')).toHaveClass(/on-air/);
  const width = () => page.locator('main h1').evaluate((h1) => {
    const range = document.createRange();
    range.selectNodeContents(h1);
    return range.getBoundingClientRect().width;
  });
  const before = await width();
  await page.waitForTimeout(500);
  const came = page.waitForResponse('**/*.woff2*');
  release();
  await came;
  await page.waitForTimeout(500);
  expect(await width()).toBe(before);
});

test('a state set by hand wins over an outage on the open page, until it is released', async ({ page, context }) => {
  await watch(page, ['Shop']);
  const visitor = await context.newPage();
  await visitor.goto(pharos.url);
  await expect(visitor.locator('body')).toHaveClass(/on-air/);
  const component = (await visitor.locator('.component .head').getAttribute('id'))!.slice(2);
  const icon = visitor.locator('link[rel=icon]');
  for (const [state, sentence] of [['OPERATIONAL', 'All systems operational'], ['UNDERMAINTENANCE', 'Maintenance in progress']]) {
    await targets[0].off();
    await expect(icon).toHaveAttribute('href', '/favicon-major.svg', { timeout: 30_000 });
    await send(page, pharos, 'set_state', { component, state });
    await expect(visitor.locator('#banner h1')).toHaveText(sentence);
    await expect(visitor.locator('#incidents article')).toHaveCount(0);
    await expect(icon).toHaveAttribute('href', '/favicon.svg');
    await send(page, pharos, 'set_state', { component, state: '' });
    await expect(visitor.locator('#banner h1')).toHaveText('Some systems are down');
    await expect(visitor.locator('#incidents article')).toHaveCount(1);
    await targets[0].on();
    await expect(icon).toHaveAttribute('href', '/favicon.svg', { timeout: 30_000 });
  }
});

test('the time of an incident names its year when that is over', async ({ page }) => {
  await watch(page, ['Shop']);
  await targets[0].off();
  const began = page.locator('#incidents article header time');
  await expect(began).toHaveText(/\d\d:\d\d/, { timeout: 30_000 });
  await expect(began).not.toHaveText(/20\d\d/);
  await page.clock.setFixedTime(Date.now() + 366 * 86_400_000);
  await page.goto(pharos.url);
  await expect(began).toHaveText(/20\d\d/);
});

test('at 320 px nothing lies on its neighbour, and no word breaks that has room', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 700 });
  await watch(page, ['Shop', 'Mail']);
  await send(page, pharos, 'add_group', { name: 'Console' });
  const group = (await (await page.request.get(`${pharos.url}/console/page`)).text()).match(/GR[0-9a-z]{20}/)![0];
  await send(page, pharos, 'add_component', { name: 'Search', group, monitor: await monitor(page, 'Shop') });
  // Of this one nothing is known, which the group says.
  await send(page, pharos, 'add_component', { name: 'Exports', group, monitor: '' });
  await page.goto(pharos.url);
  for (const [name, state] of [['Shop', 'UNDERMAINTENANCE'], ['Mail', 'DEGRADEDPERFORMANCE'], ['Search', 'DEGRADEDPERFORMANCE']]) {
    const row = page.locator('.component .head').filter({ hasText: name });
    await send(page, pharos, 'set_state', { component: (await row.getAttribute('id'))!.slice(2), state });
  }
  await page.goto(pharos.url);
  await expect(page.locator('.component .facts').filter({ hasText: /\d ms/ })).toHaveCount(3);
  await expect(page.locator('.group .count')).toHaveText(/1 without data/, { useInnerText: true });
  const wrong = await page.evaluate(() => {
    const found: string[] = [];
    // Of the words that are seen: a box may be narrower than they are.
    const box = (element: Element): DOMRect => {
      const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), range = document.createRange();
      const rects: DOMRect[] = [];
      while (texts.nextNode()) {
        if (texts.currentNode.parentElement!.closest('.visually-hidden')) continue;
        range.selectNodeContents(texts.currentNode);
        rects.push(...[...range.getClientRects()].filter(({ width }) => width > 0));
      }
      const least = (side: 'left' | 'top') => Math.min(...rects.map((rect) => rect[side]));
      const most = (side: 'right' | 'bottom') => Math.max(...rects.map((rect) => rect[side]));
      return rects.length > 0 ? new DOMRect(least('left'), least('top'), most('right') - least('left'), most('bottom') - least('top')) : new DOMRect();
    };
    for (const list of document.querySelectorAll('.component .facts, .group > summary, .group > summary > span')) {
      const edge = list.closest('.group')!.getBoundingClientRect().right - 15;
      const parts = [...list.children].filter((part) => box(part).width > 0);
      for (const [place, one] of parts.entries()) {
        if (box(one).right > edge) found.push(`${one.textContent} runs out of its card`);
        for (const other of parts.slice(place + 1)) {
          const [a, b] = [box(one), box(other)];
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (across > 1 && down > 1) found.push(`${one.textContent} lies on ${other.textContent}`);
        }
      }
    }
    for (const heading of document.querySelectorAll('.group h3')) {
      if (box(heading).height > 1.6 * parseFloat(getComputedStyle(heading).fontSize)) found.push(`${heading.textContent} is broken`);
    }
    return found;
  });
  expect(wrong).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});

test('a wide logo keeps its shape and leaves room for the name', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 700 });
  await watch(page, []);
  const image64 = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1400, height: 120 });
    canvas.getContext('2d')!.fillRect(0, 0, 1400, 120);
    return canvas.toDataURL('image/png').split(',')[1];
  });
  const logo = { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(image64, 'base64') };
  await page.request.post(`${pharos.url}/console/page/logo`, { multipart: { logo }, headers: { origin: pharos.url } });
  await page.goto(pharos.url);
  const image = page.locator('header img');
  await expect(image).toHaveCSS('object-fit', 'contain');
  await expect.poll(async () => (await image.boundingBox())!.width).toBeGreaterThan(100);
  expect((await page.locator('header a > span').boundingBox())!.width).toBeGreaterThan(30);
});

/** Sets it up, with a monitor that is checked every second and a component for each name. */
async function watch(page: Page, names: string[]): Promise<void> {
  const [, token] = pharos.setupPath.split('token=');
  await send(page, pharos, 'set_up', { token, name: 'Ada', email: 'ada@example.org', password: PASSWORD });
  for (const [place, name] of names.entries()) {
    await send(page, pharos, 'add_monitor', {
      'form[kind]': 'http', 'form[name]': name, 'form[url]': targets[place].url, 'form[interval]': '1',
      'form[failure_threshold]': '1', 'form[recovery_threshold]': '1',
    });
    await send(page, pharos, 'add_component', { name, monitor: await monitor(page, name) });
  }
  await page.goto(pharos.url);
  const sentence = names.length > 0 ? 'All systems operational' : 'No data yet';
  await expect(page.locator('#banner h1')).toHaveText(sentence, { timeout: 30_000 });
}

async function monitor(page: Page, name: string): Promise<string> {
  await page.goto(`${pharos.url}/console/monitors`);
  const link = page.getByRole('link', { name }).first();
  return (await link.getAttribute('href'))!.split('/').pop()!;
}

/** Keeps what is announced from now on. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const all = window as any, region = document.getElementById('announce')!;
    all.said = [];
    new MutationObserver(() => all.said.push(region.textContent)).observe(region, { childList: true });
  });
}

const said = (page: Page): Promise<string[]> => page.evaluate(() => (window as any).said);
