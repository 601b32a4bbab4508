// The console on a phone: nothing reaches beyond the screen, whatever names people give, and every control fits a thumb.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Receiver } from '../support/receiver.ts';
import { Target } from '../support/target.ts';
import { alive, enter } from '../support/steps.ts';

const LONG = 'Old status bot of the logistics team in Gothenburg, to be replaced by spring';
/** The smallest side of a control below a thumb, in CSS pixels. */
const THUMB = 44;

let pharos: Pharos;
let target: Target;
let receiver: Receiver;

test.beforeEach(async () => {
  [pharos, target, receiver] = [await Pharos.start(), await Target.start(), await Receiver.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
  await receiver.stop();
});

test('long names stay on the screen, and buttons fit a thumb', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=webhook`);
  await alive(page);
  await page.getByRole('textbox', { name: /^URL/ }).fill(receiver.url);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill(LONG);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: LONG })).toBeVisible();
  for (const path of ['', '/monitors', '/monitors/new', '/incidents', '/alerts', '/alerts/new', '/subscriptions/new', '/integrations', '/deliveries', '/page', '/settings', '/more']) {
    await page.goto(`${pharos.url}/console${path}`);
    await alive(page);
    await expect(page.locator('h1').first()).toBeVisible();
    await expect(page.locator('[aria-busy]')).toHaveCount(0);
    expect(await beyond(page), path).toEqual([]);
    expect(await small(page), path).toEqual([]);
    expect(await smallBoxes(page), path).toEqual([]);
  }
  // What has no place of its own below the thumb is reached through the last one, which says so.
  await page.goto(`${pharos.url}/console/integrations`);
  await alive(page);
  await expect(page.locator('.bottom-bar [aria-current="page"]')).toHaveText('More');
});

/** What reaches beyond the right edge. */
async function beyond(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const all = [...document.querySelectorAll('main *')].filter((element) => !element.closest('svg, .visually-hidden, thead, pre, .code'));
    return all.filter((element) => element.getBoundingClientRect().right > width + 1).map((element) => element.outerHTML.slice(0, 120));
  });
}

/** Buttons that are too small. */
async function small(page: Page): Promise<string[]> {
  return page.evaluate((thumb) => {
    const all = [...document.querySelectorAll('main :is(button, .button, select, summary), .bottom-bar a')];
    const seen = all.filter((element) => element.getBoundingClientRect().width > 0 && !element.closest('dialog, .move, .visually-hidden'));
    return seen.filter((element) => element.getBoundingClientRect().height < thumb - 0.5).map((element) => element.outerHTML.slice(0, 120));
  }, THUMB);
}

/** Check boxes and radios that are too small to be hit: a box below 24 pixels, or one whose words do not fit a thumb. */
async function smallBoxes(page: Page): Promise<string[]> {
  return page.evaluate((thumb) => {
    const all = [...document.querySelectorAll<HTMLInputElement>('main :is([type="checkbox"], [type="radio"])')];
    const seen = all.filter((box) => box.getBoundingClientRect().width > 0 && !box.closest('dialog'));
    const height = (element: Element | null) => element?.getBoundingClientRect().height ?? 0;
    const small = seen.filter((box) => height(box) < 24 || height(box.closest('label')) < thumb - 0.5);
    return small.map((box) => (box.closest('label') ?? box).outerHTML.slice(0, 160));
  }, THUMB);
}
