// Forms of the console: nothing that was typed is lost by accident, and everything can be found.
import { expect, Locator, Page, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Target } from '../support/target.ts';
import { alive, enter, send } from '../support/steps.ts';

/** As many as the editor offers at once, and some more. */
const MANY = 210;

let pharos: Pharos;
let target: Target;

test.beforeEach(async () => {
  [pharos, target] = [await Pharos.start(), await Target.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
});

test('whoever leaves a changed form is asked first', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors`);
  await alive(page);
  await page.getByRole('link', { name: 'Add monitor' }).first().click();
  const name = page.getByRole('textbox', { name: /^Name/ });
  const settings = page.getByRole('link', { name: 'Settings' }).first();
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });

  // By a link, and staying.
  await name.fill('Shop');
  await settings.click();
  await expect(question).toBeVisible();
  await page.getByRole('button', { name: 'Stay' }).click();
  await expect(question).toBeHidden();
  await expect(name).toHaveValue('Shop');
  // By the browser's own button, and staying; the address is that of the form.
  await page.goBack();
  await expect(question).toBeVisible();
  await expect(page).toHaveURL(/\/monitors\/new$/);
  await page.keyboard.press('Escape');
  await expect(name).toHaveValue('Shop');
  // By keys, and leaving.
  await name.blur();
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(question).toBeVisible();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(page).toHaveURL(`${pharos.url}/console/settings`);

  // Typed and taken back: nothing is asked.
  await page.goto(`${pharos.url}/console/monitors/new`);
  await alive(page);
  await name.fill('Shop');
  await name.fill('');
  await settings.click();
  await expect(page).toHaveURL(`${pharos.url}/console/settings`);
  await expect(question).toBeHidden();
});

test('what was typed goes along to another kind of check', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Name/ }).fill('Mail server');
  await page.getByRole('textbox', { name: /^Interval/ }).fill('30');
  await page.getByText('TCP port').click();
  await expect(page.getByRole('textbox', { name: /^Port/ })).toHaveValue('');
  await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('Mail server');
  await expect(page.getByRole('textbox', { name: /^Interval/ })).toHaveValue('30');
  // It is still no more than typed.
  await page.getByRole('link', { name: 'Settings' }).first().click();
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
});

test('a heartbeat shows the fields of its schedule only', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=push`);
  await alive(page);
  const [period, cron, zone] = [/^Period/, /^Cron/, /^Time zone/].map((label) => page.getByRole('textbox', { name: label }));
  await expect(period!).toBeVisible();
  await expect(cron!.or(zone!)).toHaveCount(0);
  // It is called and does not call.
  await expect(page.getByLabel(/^Interval|^Time-out|until (down|up)/)).toHaveCount(0);
  await expect(page.getByText('Empty: Heartbeat.')).toBeVisible();
  await page.getByRole('combobox', { name: 'Schedule' }).selectOption('Cron schedule');
  await expect(period!).toHaveCount(0);
  await expect(page.locator('label', { hasText: 'Cron expression' })).not.toContainText('optional');
  await zone!.fill('Nowhere');
  await cron!.fill('30 2 * * *');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  await expect(page.getByText(/“Nowhere” is not a time zone/)).toBeVisible();
  // What is wrong is not hidden, whatever is chosen then.
  await page.getByRole('combobox', { name: 'Schedule' }).selectOption('Every so often');
  await expect(zone!).toBeVisible();
  await expect(cron!).toHaveCount(0);
});

test('closing the tab asks only while something is not saved', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/page`);
  await alive(page);
  const asked: string[] = [];
  page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.accept();
  });
  const description = page.getByRole('textbox', { name: 'Description' });
  await description.fill('Freight');
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
  await alive(page);
  await expect(description).toHaveValue('');
  await description.fill('Labels');
  await page.locator('#page').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(description).toHaveValue('Labels');
  expect(asked).toEqual(['beforeunload']);
});

test('a form that was refused keeps what was typed, and a saved one goes on without a question', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new?kind=tcp`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Name/ }).fill('Mail server');
  await page.getByRole('textbox', { name: /^Host/ }).fill('127.0.0.1');
  await page.getByRole('textbox', { name: /^Port/ }).fill('99999');
  const save = page.getByRole('button', { name: /^Save/ });
  await save.click();
  await expect(page.getByRole('textbox', { name: /^Port/ })).toBeFocused();
  await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('Mail server');
  await page.getByRole('textbox', { name: /^Port/ }).fill(new URL(target.url).port);
  await save.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Mail server' })).toBeVisible();
});

test('the tab has a name at every moment of a walk through the console', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console`);
  await alive(page);
  await page.evaluate(() => {
    const seen: string[] = ((window as any).titles = []);
    const look = () => seen.push(document.title);
    new MutationObserver(look).observe(document.head, { subtree: true, childList: true, characterData: true });
  });
  for (const name of ['Monitors', 'Status page', 'Settings', 'Overview', 'Monitors']) {
    await page.getByRole('link', { name }).first().click();
    await expect(page).toHaveTitle(`${name} · Pharos`);
  }
  await page.locator('a[href*="/console/monitors/NM"]').first().click();
  await expect(page).toHaveTitle(/^Up: .+ · Pharos$/);
  const titles: string[] = await page.evaluate(() => (window as any).titles);
  expect(titles.length).toBeGreaterThan(5);
  expect(titles.filter((title) => title.trim() === '')).toEqual([]);
});

/** The form that adds a component to the first group, folded away until somebody wants it. */
async function adding(page: Page): Promise<Locator> {
  const fold = page.locator('.add-fold').first();
  const isOpen = await fold.evaluate((details) => (details as HTMLDetailsElement).open);
  if (!isOpen) await fold.getByText('Add a component').click();
  await expect(fold.getByRole('combobox', { name: 'Follows' })).toBeVisible();
  return fold.locator('form');
}

test('a monitor beyond those that are offered is found and followed', async ({ page }) => {
  await manyMonitors(page);
  await page.goto(`${pharos.url}/console/page`);
  await alive(page);
  const find = page.getByRole('searchbox', { name: 'Search monitors' });
  await expect(page.getByText('The first 200 of 210')).toBeVisible();
  const add = await adding(page);
  await expect(add.getByRole('option')).toHaveCount(201);
  await find.fill('/n209');
  await expect(page.getByText('1 of 210 monitors')).toBeVisible();
  await expect(add.getByRole('option')).toHaveCount(2);
  await add.getByRole('combobox').selectOption({ index: 1 });
  // What was chosen stays while one goes on searching.
  await find.fill('nothing like it');
  await expect(page.getByText('None of 210 monitors matches')).toBeVisible();
  await expect(add.getByRole('option')).toHaveCount(2);
  await add.getByRole('textbox').fill('Far away');
  await add.getByRole('button', { name: 'Add' }).click();
  const row = page.locator('.sortable li').filter({ has: page.getByText('Far away', { exact: true }) });
  await expect(row).toContainText(/Follows \S+\/n209/);

  // The same in the component's own form: what was ticked is sent, though the next search hides it.
  await page.getByRole('link', { name: 'Edit Far away' }).click();
  const card = page.locator('#edit');
  await find.fill('/n17');
  await card.getByRole('checkbox', { name: /\/n171$/ }).check();
  await find.fill('/n18');
  await expect(card.getByRole('checkbox', { name: /\/n182$/ })).toBeVisible();
  await expect(card.getByRole('checkbox', { name: /\/n171$/ })).toBeChecked();
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText(/Follows \S+\/n171, \S+\/n209/);
});

test('the search for monitors works without scripts @nojs', async ({ page }) => {
  await manyMonitors(page);
  await page.goto(`${pharos.url}/console/page`);
  const add = await adding(page);
  await add.getByRole('textbox').fill('Far away');
  await add.getByRole('searchbox', { name: 'Search monitors' }).fill('/n209');
  await add.getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL(/find=/);
  await expect(page.getByText('1 of 210 monitors')).toBeVisible();
  await expect(add.getByRole('textbox')).toHaveValue('Far away');
  await add.getByRole('combobox').selectOption({ index: 1 });
  await add.getByRole('button', { name: 'Add' }).click();
  const row = page.locator('.sortable li').filter({ has: page.getByText('Far away', { exact: true }) });
  await expect(row).toContainText(/Follows \S+\/n209/);
  // The same in the component's own form.
  await page.getByRole('link', { name: 'Edit Far away' }).click();
  const card = page.locator('#edit');
  await card.getByRole('textbox', { name: 'Name' }).fill('Near by');
  await card.getByRole('searchbox', { name: 'Search monitors' }).fill('/n171');
  await card.getByRole('button', { name: 'Search' }).click();
  await expect(card.getByRole('textbox', { name: 'Name' })).toHaveValue('Near by');
  await expect(card.getByRole('checkbox', { name: /\/n209$/ })).toBeChecked();
  await card.getByRole('checkbox', { name: /\/n171$/ }).check();
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.sortable li').filter({ hasText: 'Near by' })).toContainText(/Follows \S+\/n171, \S+\/n209/);
});

test('another kind of monitor keeps what was typed without scripts, and says what it does not keep @nojs', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors/new`);
  await page.getByRole('textbox', { name: /^Name/ }).fill('Gate');
  await page.getByRole('textbox', { name: 'URL' }).fill('https://gate.example.com/');
  await page.getByText('TCP port', { exact: true }).click();
  await page.getByRole('button', { name: 'Choose' }).click();
  await expect(page).toHaveURL(/kind=tcp$/);
  await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('Gate');
  await expect(page.getByText('Type the secrets again.')).toBeHidden();
  await page.getByText('HTTP(S)', { exact: true }).click();
  await page.getByRole('button', { name: 'Choose' }).click();
  await expect(page.getByRole('textbox', { name: 'URL' })).toHaveValue('https://gate.example.com/');
});

test('a search among monitors without scripts keeps what was typed and ticked @nojs', async ({ page }) => {
  await manyMonitors(page);
  for (const path of ['/console/alerts/new', '/console/subscriptions/new']) {
    await page.goto(pharos.url + path);
    await page.getByRole('textbox', { name: 'Name' }).fill('Nights');
    if (path.includes('subscriptions')) await page.getByRole('radio', { name: 'Only these' }).check();
    await page.getByRole('checkbox', { name: /\/n007$/ }).check();
    await page.getByRole('searchbox', { name: 'Search monitors' }).fill('/n209');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/\/new\?find=/);
    await expect(page.getByText('1 of 210 monitors')).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Nights');
    await expect(page.getByRole('checkbox', { name: /\/n007$/ })).toBeChecked();
    await page.getByRole('checkbox', { name: /\/n209$/ }).check();
    // What is found next does not take it away.
    await page.getByRole('searchbox', { name: 'Search monitors' }).fill('/n11');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByText('10 of 210 monitors')).toBeVisible();
    await expect(page.locator('input[name="monitors[]"]:checked')).toHaveCount(2);
  }
});

test('a level finds an integration among many, and keeps what is ticked', async ({ page }) => {
  await manyIntegrations(page);
  await page.goto(`${pharos.url}/console/alerts/new`);
  await alive(page);
  const find = page.getByRole('searchbox', { name: 'Search integrations for level 1' });
  const offered = page.locator('.targets > li');
  await expect(offered).toHaveCount(12);
  await page.getByRole('checkbox', { name: 'Hook 03', exact: true }).check();
  await find.fill('hook 19');
  await expect(page.getByText('1 of 20 integrations')).toBeVisible();
  await expect(offered).toHaveCount(2);
  await page.getByRole('checkbox', { name: 'Hook 19', exact: true }).check();
  await find.fill('nothing like it');
  await expect(page.getByText('None of 20 integrations matches')).toBeVisible();
  await expect(find).toBeFocused();
  for (const name of ['Hook 03', 'Hook 19']) await expect(page.getByRole('checkbox', { name, exact: true })).toBeChecked();
  // A level that is added takes nothing away.
  await page.getByRole('button', { name: 'Add a level' }).click();
  await expect(page.locator('.targets').first().getByRole('checkbox', { name: 'Hook 19', exact: true })).toBeChecked();
});

test('a level finds an integration among many without scripts @nojs', async ({ page }) => {
  await manyIntegrations(page);
  await page.goto(`${pharos.url}/console/alerts/new`);
  await page.getByRole('textbox', { name: 'Name' }).fill('Nights');
  await page.getByRole('checkbox', { name: 'Hook 03', exact: true }).check();
  await page.getByRole('searchbox', { name: 'Search integrations for level 1' }).fill('hook 19');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByText('1 of 20 integrations')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Nights');
  await expect(page.getByRole('checkbox', { name: 'Hook 03', exact: true })).toBeChecked();
  await page.getByRole('checkbox', { name: 'Hook 19', exact: true }).check();
});

test('a long list of integrations is searched', async ({ page }) => {
  await manyIntegrations(page);
  await page.goto(`${pharos.url}/console/integrations`);
  await alive(page);
  const search = page.getByRole('searchbox', { name: 'Search' });
  const rows = page.getByRole('region', { name: 'Integrations' }).locator('[data-row]');
  await expect(rows).toHaveCount(20);
  await search.fill('HOOK 1');
  await expect(rows).toHaveCount(10);
  await expect(search).toBeFocused();
  await expect(page).toHaveURL(/\?q=HOOK/);
  await search.fill('nothing like it');
  await expect(page.getByRole('heading', { name: 'No integration matches “nothing like it”' })).toBeVisible();
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(rows).toHaveCount(20);
  await expect(search).toHaveValue('');
});

/** Sets up with more integrations than a level offers at once. */
async function manyIntegrations(page: Page): Promise<void> {
  await enter(page, pharos, [target.url]);
  for (let number = 0; number < 20; number += 1) {
    const name = `Hook ${number.toString().padStart(2, '0')}`;
    await send(page, pharos, 'add_integration', { kind: 'webhook', 'form[name]': name, 'form[url]': target.url, 'form[in_default]': 'false' });
  }
}

/** Sets up with more monitors than the editor offers at once: fifty addresses are taken at a time. */
async function manyMonitors(page: Page): Promise<void> {
  const addresses = Array.from({ length: MANY }, (_, number) => `${target.url}n${number.toString().padStart(3, '0')}`);
  await enter(page, pharos, addresses.slice(0, 50));
  for (let from = 50; from < MANY; from += 50) {
    await send(page, pharos, 'add_addresses', { address: addresses.slice(from, from + 50).join('\n'), next: '/setup?step=done' });
  }
}
