// The status page after it lost the server: soon, then later and later, never all at once, and at once when there is a reason.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';

let pharos: Pharos;

test.beforeEach(async () => {
  pharos = await Pharos.start();
});

test.afterEach(async () => {
  await pharos.remove();
});

/** Opens the page where no server can be reached and pauses do not last; they are kept in `window.pauses`, in milliseconds. */
async function openWithoutServer(page: Page, chance: number, most: number): Promise<void> {
  await page.addInitScript(
    ([chance, most]) => {
      const all = window as any;
      all.pauses = [];
      Math.random = () => chance;
      all.WebSocket = class {
        readyState = 0;
        onclose?: () => void;
        constructor() {
          queueMicrotask(() => this.onclose?.());
        }
        close() {}
      };
      all.EventSource = class {
        onerror?: () => void;
        constructor() {
          queueMicrotask(() => this.onerror?.());
        }
        addEventListener() {}
        close() {}
      };
      window.fetch = () => Promise.reject(new TypeError('no server'));
      const real = window.setTimeout.bind(window);
      all.setTimeout = (does: any, pause: number, ...more: any[]) => {
        if (does.name !== 'connect') return real(does, pause, ...more);
        all.pauses.push(pause);
        return all.pauses.length < most ? real(does, 1) : 0;
      };
    },
    [chance, most],
  );
  await page.goto(pharos.url);
  await page.waitForFunction((most) => (window as any).pauses.length >= most, most);
}

const pauses = (page: Page): Promise<number[]> => page.evaluate(() => (window as any).pauses);

test('pauses begin at half a second and end at 15 s', async ({ page }) => {
  await openWithoutServer(page, 0.999999, 12);
  const found = (await pauses(page)).map((pause) => Math.round(pause / 100) / 10);
  // A third attempt that fails in every way asks for its pause twice.
  const longer = found.filter((pause, place) => pause !== found[place - 1]);
  expect(longer).toEqual([1, 1.5, 2.5, 4.5, 8.5, 15]);
  await expect(page.locator('body')).toHaveClass(/stale/);
});

test('visitors who lost the server at the same moment do not come back at the same moment', async ({ page }) => {
  await openWithoutServer(page, 0, 12);
  expect(new Set(await pauses(page))).toEqual(new Set([500]));
});

test('the network is back, so nobody waits', async ({ page }) => {
  await openWithoutServer(page, 0.999999, 12);
  // What was under way has failed, and nothing is planned any more.
  await page.waitForTimeout(200);
  const before = (await pauses(page)).length;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await expect.poll(async () => (await pauses(page)).length).toBeGreaterThan(before);
  // It was tried at once, in vain, and the pauses begin anew.
  expect(Math.round((await pauses(page))[before]! / 100)).toBe(10);
});

test('a page that is open when the server starts again is live within moments', async ({ page }) => {
  await page.goto(pharos.url);
  await expect(page.locator('body')).toHaveClass(/on-air/);
  await pharos.stop('SIGKILL');
  await pharos.run();
  const ready = Date.now();
  await expect(page.locator('body')).toHaveClass(/on-air/, { timeout: 8_000 });
  await expect(page.locator('body')).not.toHaveClass(/stale/);
  // 2.5 s is the longest pause after three attempts in vain.
  expect(Date.now() - ready).toBeLessThan(5_000);
});
