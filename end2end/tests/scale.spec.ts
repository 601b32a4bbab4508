// Lists that have grown long: what is not shown is found, and nothing that is done to a part of them touches the rest.
import { expect, Locator, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { alive, enter, expectAccessible, send } from '../support/steps.ts';

/** As many monitors as a form offers at once, and some more. */
const MANY = 210;

// It takes a while until a list is long: each row is a form that is sent.
test.describe.configure({ timeout: 180_000 });

let pharos: Pharos;
let target: Target;

test.beforeEach(async () => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

/** A status page with more components than the editor shows at once: the one of the set-up, and `Part 00` to `Part 59`. */
async function manyComponents(page: Page): Promise<void> {
  await enter(page, pharos, [target.url]);
  for (let number = 0; number < 60; number += 1) {
    await send(page, pharos, 'add_component', { name: `Part ${number.toString().padStart(2, '0')}`, group: '', monitor: '' });
  }
}

/** The names of the components that are shown. */
function names(page: Page): Locator {
  return page.locator('.sortable .name');
}

test('components are shown page by page, and searched without losing what was typed', async ({ page }) => {
  await manyComponents(page);
  await page.goto(`${pharos.url}/console/page`);
  await alive(page);
  await expect(names(page)).toHaveCount(50);
  await expectAccessible(page);
  await page.getByText('Add a component').first().click();
  const line = page.getByRole('textbox', { name: 'Name of the new component in Without a group' });
  await line.fill('Half a na');
  const search = page.getByRole('searchbox', { name: 'Search', exact: true });
  await search.fill('PART 5');
  await expect(names(page)).toHaveCount(10);
  await expect(search).toBeFocused();
  await expect(page.getByRole('button', { name: /^Move Part/ })).toHaveCount(0);
  await search.fill('nothing like it');
  await expect(page.getByRole('heading', { name: 'No component matches “nothing like it”' })).toBeVisible();
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(names(page)).toHaveCount(50);
  await expect(line).toHaveValue('Half a na');
  // What is added stands behind the others, and the browser goes there.
  await line.fill('Part 60');
  await line.press('Enter');
  await expect(page).toHaveURL(/\?page=2/);
  await expect(names(page).last()).toHaveText('Part 60');
  await expect(line).toHaveValue('');
});

test('a component is moved over the border of a page by keyboard', async ({ page }) => {
  await manyComponents(page);
  await page.goto(`${pharos.url}/console/page?page=2`);
  await alive(page);
  await expect(names(page).first()).toHaveText('Part 49');
  const up = page.getByRole('button', { name: 'Move Part 49 up' });
  await up.focus();
  await page.keyboard.press('Enter');
  await expect(names(page)).toHaveCount(50);
  await expect(names(page).last()).toHaveText('Part 49');
  await expect(page).not.toHaveURL(/page=2/);
  await expect(up).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(names(page).nth(48)).toHaveText('Part 49');
  await expect(up).toBeFocused();
  // At the end of the list the button has nothing more to do.
  await page.goto(`${pharos.url}/console/page?page=2`);
  await alive(page);
  await page.getByRole('button', { name: 'Move Part 58 down' }).focus();
  await page.keyboard.press('Enter');
  await expect(names(page).last()).toHaveText('Part 58');
  await expect(page.getByRole('button', { name: 'Move Part 58 up' })).toBeFocused();
});

test('a component of the second page is edited, moved into a group and deleted', async ({ page }) => {
  await manyComponents(page);
  await page.goto(`${pharos.url}/console/page?page=2`);
  await alive(page);
  await page.getByRole('link', { name: 'Edit Part 55' }).click();
  const card = page.locator('#edit');
  await card.getByRole('textbox', { name: 'Name' }).fill('Port');
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(card).toHaveCount(0);
  await expect(page).toHaveURL(/\/console\/page\?page=2$/);
  await expect(names(page).filter({ hasText: 'Port' })).toHaveCount(1);
  await page.getByRole('textbox', { name: 'Name of the new group' }).fill('Europe');
  await page.getByRole('button', { name: 'Add group' }).click();
  const group = page.getByRole('region', { name: 'Group Europe' });
  await expect(group).toBeVisible();
  await page.getByRole('link', { name: 'Edit Port' }).click();
  // What is typed stays when somebody else changes the page.
  await card.getByRole('textbox', { name: 'Description' }).fill('Ships');
  await page.locator('.hand select').first().selectOption('Operational');
  await expect(page.locator('.sortable li').first()).toContainText('Set by hand');
  await expect(card.getByRole('textbox', { name: 'Description' })).toHaveValue('Ships');
  await card.getByRole('combobox', { name: 'Group' }).selectOption('Europe');
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(group.locator('.name')).toHaveText('Port');
  await page.getByRole('link', { name: 'Edit Port' }).click();
  await card.getByRole('button', { name: 'Delete Port' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete Port' }).click();
  await expect(names(page).filter({ hasText: 'Port' })).toHaveCount(0);
  await expect(page).toHaveURL(/\/console\/page\?page=2$/);
});

test('the pages of components, their search and their order work without scripts @nojs', async ({ page }) => {
  await manyComponents(page);
  await page.goto(`${pharos.url}/console/page`);
  await expect(names(page)).toHaveCount(50);
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(names(page)).toHaveCount(11);
  await page.getByRole('button', { name: 'Move Part 49 up' }).click();
  await expect(names(page).last()).toHaveText('Part 49');
  await page.getByRole('button', { name: 'Move Part 49 down' }).click();
  await expect(page).toHaveURL(/page=2#move-/);
  await page.getByRole('link', { name: 'Edit Part 50' }).click();
  await page.locator('#edit').getByRole('textbox', { name: 'Name' }).fill('Port');
  await page.locator('#edit').getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\?page=2$/);
  await page.getByRole('searchbox', { name: 'Search', exact: true }).fill('port');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(names(page)).toHaveText(['Port']);
});

test('the pages of components fit a phone @phone', async ({ page }) => {
  await manyComponents(page);
  for (const path of ['', '?page=2', '?q=part+1', '?q=nothing']) {
    await page.goto(`${pharos.url}/console/page${path}`);
    await alive(page);
    await expect(page.locator('[aria-busy]')).toHaveCount(0);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(width, path).toBeLessThanOrEqual(0);
  }
});

/** A definition that names 200 of many monitors; its address. */
async function manyNamed(page: Page): Promise<string> {
  const addresses = Array.from({ length: MANY }, (_, number) => `${target.url}n${number.toString().padStart(3, '0')}`);
  await enter(page, pharos, addresses.slice(0, 50));
  for (let from = 50; from < MANY; from += 50) {
    await send(page, pharos, 'add_addresses', { address: addresses.slice(from, from + 50).join('\n'), next: '/setup?step=done' });
  }
  await send(page, pharos, 'add_integration', { kind: 'webhook', 'form[name]': 'Hook', 'form[url]': target.url, 'form[in_default]': 'false' });
  await page.goto(`${pharos.url}/console/alerts/new`);
  const tell = await page.locator('.targets input[type="checkbox"]').first().getAttribute('name');
  const values = await page.locator('input[name="monitors[]"]').evaluateAll((boxes) => boxes.map((box) => (box as HTMLInputElement).value));
  expect(values).toHaveLength(200);
  const fields: Record<string, string> = { 'form[name]': 'Branches', 'form[active]': 'true', 'form[levels]': '1', 'form[levels.0.count]': '1' };
  Object.assign(fields, { 'form[levels.0.reminders]': '0', 'form[levels.0.reminder_minutes]': '30', [tell!]: 'true' });
  values.forEach((value, number) => (fields[`monitors[${number}]`] = value));
  await send(page, pharos, 'save_definition', fields);
  await page.goto(`${pharos.url}/console/alerts`);
  return (await page.getByRole('link', { name: 'Branches', exact: true }).getAttribute('href'))!;
}

/** What the list says of whom the definition is for. */
function whom(page: Page): Locator {
  return page.locator('.definition').filter({ hasText: 'Branches' }).locator('p').first();
}

test('of a definition with many monitors some are drawn, and the others stay', async ({ page }) => {
  const path = await manyNamed(page);
  await page.goto(pharos.url + path);
  await alive(page);
  await expect(page.getByText('200 are ticked.')).toBeVisible();
  const find = page.getByRole('searchbox', { name: 'Search monitors' });
  const box = (name: string) => page.getByRole('checkbox', { name: new RegExp(`/${name}$`) });
  await find.fill('/n15');
  await expect(page.locator('input[name="monitors[]"]')).toHaveCount(60);
  await expect(box('n155')).toBeChecked();
  await box('n150').uncheck();
  await find.fill('/n17');
  await expect(box('n171')).toBeChecked();
  await box('n171').uncheck();
  await find.fill('/n15');
  await expect(box('n150')).not.toBeChecked();
  await find.fill('/n209');
  await expect(box('n209')).not.toBeChecked();
  await box('n209').check();
  await box('n003').uncheck();
  await find.fill('nothing like it');
  await expect(box('n209')).toBeChecked();
  await page.getByRole('button', { name: 'Save definition' }).click();
  // 200 without three, and one more.
  await expect(whom(page)).toContainText('and 194 more');
  await page.goto(pharos.url + path);
  await alive(page);
  for (const [name, is] of [['n150', false], ['n171', false], ['n003', false], ['n209', true], ['n160', true]] as const) {
    await find.fill(`/${name}`);
    await expect(page.getByText(/^1 of 210 monitors/)).toBeVisible();
    await expect(box(name), name).toBeChecked({ checked: is });
  }
});

test('a definition with many monitors is changed without scripts @nojs', async ({ page }) => {
  const path = await manyNamed(page);
  await page.goto(pharos.url + path);
  const box = (name: string) => page.getByRole('checkbox', { name: new RegExp(`/${name}$`) });
  const look = async (text: string) => {
    await page.getByRole('searchbox', { name: 'Search monitors' }).fill(text);
    await page.getByRole('button', { name: 'Search', exact: true }).first().click();
    await expect(page).toHaveURL(/find=/);
  };
  await box('n003').uncheck();
  await look('/n15');
  await box('n150').uncheck();
  await look('/n209');
  await box('n209').check();
  await look('nothing like it');
  await page.getByRole('button', { name: 'Add a level' }).click();
  await page.getByRole('button', { name: /^Remove level 2/ }).click();
  await expect(box('n209')).toBeChecked();
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(whom(page)).toContainText('and 195 more');
});

test('what only one kind of monitor asks for is kept while another is looked at', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Name/ }).fill('Gate');
  await page.getByRole('textbox', { name: 'URL' }).fill('https://gate.example.com/');
  await page.locator('summary').filter({ hasText: 'Advanced' }).click();
  const method = page.getByRole('combobox', { name: 'Method' });
  await method.selectOption('HEAD');
  const tls = page.locator('input[name="form[verify_tls]"]');
  await tls.uncheck();
  for (const kind of ['TCP port', 'Ping', 'HTTP(S)']) {
    await page.getByText(kind, { exact: true }).click();
    await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('Gate');
    if (kind === 'TCP port') await page.getByRole('textbox', { name: /^Port/ }).fill('2222');
  }
  await expect(page.getByRole('textbox', { name: 'URL' })).toHaveValue('https://gate.example.com/');
  await expect(method).toHaveValue('HEAD');
  await expect(tls).not.toBeChecked();
  await page.getByText('TCP port', { exact: true }).click();
  await expect(page.getByRole('textbox', { name: /^Port/ })).toHaveValue('2222');
});
