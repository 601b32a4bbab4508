// What people see: words of any length stay in their place, and nothing says the opposite of what happened.
import { expect, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { alive, expectAccessible, setUp } from '../support/steps.ts';

/** As long as a name may be, nearly, and without a place to break. */
const WORD = 'L'.repeat(100);
const GROUP = 'G'.repeat(100);
const ABOUT = 'Freight, tracking and labels, around the clock.';

let pharos: Pharos;
let target: Target;

test.beforeEach(async () => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

test('the longest words stay in their place on the status page and in the console', async ({ page }) => {
  // Twenty-seven pages, on a machine that may be busy.
  test.setTimeout(240_000);
  await setUp(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new`);
  await alive(page);
  await page.getByRole('textbox', { name: /^URL/ }).fill(target.url + 'long'.repeat(50));
  await page.getByRole('textbox', { name: /^Name/ }).fill(WORD);
  await page.getByRole('textbox', { name: /^Interval/ }).fill('2');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  await expect(page).toHaveURL(/\/console\/monitors\/NM\w+$/);
  const monitor = new URL(page.url()).pathname;

  await page.goto(`${pharos.url}/console/page`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Description/ }).fill(ABOUT);
  await page.locator('#page').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.getByRole('textbox', { name: 'Name of the new group' }).fill(GROUP);
  await page.getByRole('button', { name: 'Add group' }).click();
  const group = page.getByRole('region', { name: `Group ${GROUP}` });
  await group.getByRole('textbox', { name: /^Name of the new component/ }).fill(WORD);
  await group.getByRole('combobox', { name: 'Follows' }).selectOption(WORD);
  await group.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(group.locator('.sortable .name')).toHaveText(WORD);

  await target.off();
  await page.goto(pharos.url);
  // What the owner wrote about the page stands on it.
  await expect(page.locator('main > .about')).toHaveText(ABOUT);
  await expect(page.locator('#incidents article').filter({ hasText: WORD })).toHaveCount(1, { timeout: 30_000 });
  const incident = await page.locator('#incidents article a').filter({ hasText: WORD }).getAttribute('href');
  for (const width of [1280, 390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of ['/', incident, '/history', '/console', '/console/incidents', monitor, '/console/page', '/console/alerts/new', '/console/deliveries']) {
      await page.goto(pharos.url + path);
      await expect(page.locator('h1').first()).toBeVisible();
      await expect(page.locator('[aria-busy]')).toHaveCount(0);
      expect(await beyond(page), `${path} at ${width}`).toEqual([]);
      expect(await overlapping(page), `${path} at ${width}`).toEqual([]);
    }
  }
});

test('an address that cannot be tried does not push the others out of sight', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(pharos.url + pharos.setupPath);
  await alive(page);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('E-mail').fill('ada@example.org');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Addresses').fill([target.url, `https://${'x'.repeat(120)}.example`].join('\n'));
  await expect(page.locator('.tries .res')).toHaveCount(2);
  await expect(page.locator('.tries')).toContainText('200 in');
  await expect(page.locator('.tries .spin')).toHaveCount(0);
  expect(await beyond(page)).toEqual([]);
});

test('what is said of a failure is not said in green', async ({ page }) => {
  await setUp(page, pharos, ['tcp://127.0.0.1:1']);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  await page.getByRole('button', { name: 'Test now' }).first().click();
  await expect(page.locator('.toast')).toHaveAttribute('data-state', 'down');
});

test('what is wrong with a field is taken back as soon as somebody types', async ({ page }) => {
  await setUp(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=tcp`);
  await alive(page);
  await page.getByRole('textbox', { name: 'Port' }).fill('99999');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  await expect(page.locator('.error')).toHaveCount(2);
  const host = page.getByRole('textbox', { name: /^Host/ });
  await expect(host).toBeFocused();
  await host.press('a');
  await expect(host).not.toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('.error')).toHaveCount(1);
  // Asked again, the form says again what is wrong.
  await host.fill('');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  await expect(page.locator('.error')).toHaveCount(2);
});

test('what stands side by side is equally high, and boxes are drawn as part of the page', async ({ page }) => {
  await setUp(page, pharos, [target.url]);
  for (const [path, row] of [['/monitors', '.toolbar'], ['/integrations/new?kind=webhook', '.form-foot']]) {
    await page.goto(`${pharos.url}/console${path}`);
    await alive(page);
    const heights = await page.locator(row).first().evaluate((line) => {
      const all = [...line.querySelectorAll(':is(.button, .input)')].map((control) => Math.round(control.getBoundingClientRect().height));
      return [...new Set(all.filter((height) => height > 0))];
    });
    expect(heights, path).toHaveLength(1);
  }
  await page.goto(`${pharos.url}/console/integrations/new?kind=webhook`);
  await alive(page);
  const box = page.getByRole('checkbox', { name: /^Tell it of every outage/ });
  const looks = () => box.evaluate((element) => [getComputedStyle(element).appearance, getComputedStyle(element, '::before').content]);
  await expect(box).toBeChecked();
  expect(await looks()).toEqual(['none', '""']);
  await box.uncheck();
  expect(await looks()).toEqual(['none', 'none']);
});

test('what a test found stays in sight below a long form', async ({ page }) => {
  await setUp(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=http`);
  await alive(page);
  await page.getByRole('textbox', { name: /^URL/ }).fill(target.url);
  await page.locator('summary').filter({ hasText: 'Advanced' }).click();
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  const found = page.locator('.form + .card').getByText('200 in');
  await expect(found).toBeVisible();
  await expect(found).toBeInViewport();
});

test('a level that is off and the description of the API are readable for everybody', async ({ page }) => {
  await setUp(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/alerts`);
  await alive(page);
  await page.getByRole('link', { name: 'Edit Everything' }).click();
  await page.getByRole('region', { name: 'Level 1' }).getByRole('checkbox', { name: 'In use' }).uncheck();
  await expect(page.locator('.ladder .rung.off')).toHaveCount(1);
  await expectAccessible(page);
  await page.goto(`${pharos.url}/api/docs`);
  await page.locator('.api-op > summary').first().click();
  await expectAccessible(page);
});

test('links of the status page fit a finger @phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await setUp(page, pharos, ['tcp://127.0.0.1:1']);
  await page.goto(pharos.url);
  const title = page.locator('#incidents article a').first();
  await expect(title).toBeVisible({ timeout: 30_000 });
  for (const link of [title, page.locator('.public > header > a'), page.getByRole('link', { name: 'All incidents' })]) {
    await link.scrollIntoViewIfNeeded();
    // Twenty pixels above and below its middle belong to it.
    const own = await link.evaluate((element) => {
      const { left, top, height } = element.getBoundingClientRect();
      return [-20, 0, 20].map((away) => element.contains(document.elementFromPoint(left + 12, top + height / 2 + away)));
    });
    expect(own).toEqual([true, true, true]);
  }
});

test('a menu closes when one clicks beside it', async ({ page }) => {
  await setUp(page, pharos, ['tcp://127.0.0.1:1']);
  await page.goto(`${pharos.url}/console/incidents`);
  await alive(page);
  await page.locator('.incidents a.name').first().click({ timeout: 30_000 });
  const menu = page.locator('details.menu');
  await menu.locator('summary').click();
  await expect(menu.getByRole('button', { name: '30 minutes' })).toBeVisible();
  await page.getByRole('heading', { name: 'What happened' }).click();
  await expect(menu.getByRole('button', { name: '30 minutes' })).toBeHidden();
});

/** Words that reach beyond the window, or beyond what cuts them off without a sign. */
async function beyond(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const hidden = 'svg, .visually-hidden, thead, pre, .code, .skip, dialog:not([open])';
    const all = [...document.querySelectorAll('main *')].filter((element) => !element.closest(hidden));
    const wide = all.filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 1 && box.right > width + 1;
    });
    const found = wide.map((element) => element.outerHTML.slice(0, 120));
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    return found;
  });
}

/** Neighbours in lists that lie on each other. */
async function overlapping(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const list of document.querySelectorAll('.feed > li, .boxes, .sortable .row, .tries > li, .component .head, .group > summary')) {
      const parts = [...list.children].flatMap((child) => (list.matches('.boxes') ? [...child.children] : [child]));
      const boxes = parts.map((part) => ({ part, box: part.getBoundingClientRect() })).filter(({ box }) => box.width > 0);
      for (const [i, one] of boxes.entries()) {
        for (const other of boxes.slice(i + 1)) {
          const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
          const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
          if (across > 1 && down > 1) found.push(`${one.part.outerHTML.slice(0, 80)} and ${other.part.outerHTML.slice(0, 80)}`);
        }
      }
    }
    return found;
  });
}
