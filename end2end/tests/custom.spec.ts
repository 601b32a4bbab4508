// A custom integration: composed as fields or as JSON, seen before it is saved, and with what was written down about a monitor in it.
import { expect, test } from '@playwright/test';
import { Pharos } from '../support/pharos.ts';
import { Receiver } from '../support/receiver.ts';
import { Target } from '../support/target.ts';
import { alive, expectAccessible, enter } from '../support/steps.ts';

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

const BODY = '{"type":"{{@alert.type}}","notes":"{{@JsonEncode({{@monitor.notes}})}}","team":"{{@CustomField(team)}}","account":"{{@account.id}}"}';

test('what would be sent is seen while one composes it @phone', async ({ page }) => {
  test.setTimeout(120_000);
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=custom`);
  await alive(page);
  const preview = page.locator('#preview');
  const json = page.getByRole('textbox', { name: 'Definition' });
  await expect(preview).toContainText('made-up facts');
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Desk');
  await page.getByRole('textbox', { name: 'Value of variable 1' }).fill('https://desk.example.org/alerts');
  await expect(preview).toContainText('POST https://desk.example.org/alerts');
  await expect(preview.locator('.places.error')).toHaveCount(0);
  await expect(preview.getByRole('group', { name: 'Error' })).toContainText('"type": "Alert"');
  await preview.getByText('Reminder', { exact: true }).click();
  await expect(preview.getByRole('group', { name: 'Error' })).toBeHidden();
  await expect(preview.getByRole('group', { name: 'Reminder' })).toContainText('"type": "Reminder"');
  await preview.getByText('Error', { exact: true }).click();
  await expectAccessible(page);

  // A mistake is shown beside its field and with its place; what was good stays.
  const url = page.getByRole('textbox', { name: 'URL', exact: true });
  await url.fill('ftp://desk.example.org');
  await expect(preview.locator('.places.error')).toContainText('definitions[0].steps[0].url');
  await expect(url).toHaveAttribute('aria-invalid', 'true');
  await expect(preview.getByRole('group', { name: 'Error' })).toContainText('POST https://desk.example.org/alerts');
  await url.fill('{{ApiUrl}}/new');
  await expect(preview).toContainText('POST https://desk.example.org/alerts/new');

  // Words are inserted where the caret was.
  const body = page.getByRole('textbox', { name: 'Body' });
  await body.fill('name=');
  await page.locator('#words summary').click();
  await page.getByRole('searchbox', { name: /^Search variables/ }).fill('monitor.name');
  await page.getByRole('button', { name: '{{@monitor.name}}', exact: true }).click();
  await expect(body).toHaveValue('name={{@monitor.name}}');
  await expect(preview).toContainText('name=Example shop');

  // Rows are added, moved and removed with the keyboard.
  await page.getByRole('button', { name: 'Add header' }).press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of header 2' })).toBeFocused();
  await page.keyboard.type('X-Team');
  await page.getByRole('textbox', { name: 'Value of header 2' }).fill('{{@monitor.type}}');
  await expect(preview).toContainText('X-Team');
  await page.getByRole('button', { name: 'Move header 2 up' }).press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of header 1' })).toHaveValue('X-Team');
  await page.getByRole('button', { name: 'Remove header 2' }).press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of header 2' })).toHaveCount(0);

  // The JSON is the same definition. While it is broken, the last good preview stays.
  await page.getByText('Edit as JSON').click();
  const text = await json.inputValue();
  expect(JSON.parse(text).definitions[0].steps[0].headers).toEqual([{ name: 'X-Team', value: '{{@monitor.type}}' }]);
  await json.fill(text.slice(0, -1));
  await expect(preview.locator('.places.error')).toContainText('This is no definition');
  await expect(preview.locator('.sent[data-stale]').first()).toContainText('POST https://desk.example.org/alerts/new');
  await json.fill(text.replace('/new', '/opened'));
  await expect(preview).toContainText('POST https://desk.example.org/alerts/opened');
  await expect(url).toHaveValue('{{ApiUrl}}/opened');

  // A secret is hidden where it would be sent, and its value is gone from the page once it is saved.
  await page.getByRole('button', { name: 'Add variable' }).click();
  await page.getByRole('textbox', { name: 'Name of variable 2' }).fill('Key');
  await page.getByRole('textbox', { name: 'Value of variable 2' }).fill('hunter2hunter2');
  await page.getByRole('checkbox', { name: 'Secret' }).nth(1).check();
  await page.getByRole('textbox', { name: 'Value of header 1' }).fill('Bearer {{Key}}');
  await expect(preview).toContainText('Bearer ********');
  await expect(preview).not.toContainText('hunter2');
  const everyOutage = page.getByRole('checkbox', { name: /^Tell it of every outage/ });
  await expect(everyOutage).not.toBeChecked();
  await everyOutage.check();
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Desk' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Value of variable 2' })).toHaveValue('********');
  await page.reload();
  await alive(page);
  expect(await page.content()).not.toContain('hunter2');
  await expect(preview).toContainText('Bearer ********');
  await expectAccessible(page);

  // What levels are to give is missing until a level gives it; both pages say so, and the level's form asks for it.
  const desk = page.url();
  await page.getByRole('checkbox', { name: 'Given per escalation level' }).nth(1).check();
  await page.getByRole('button', { name: 'Save integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Integrations' })).toBeVisible();
  await page.goto(desk);
  const lacking = page.locator('.notice').filter({ hasText: 'Values are missing' });
  await expect(lacking).toContainText('level 1 gives Desk nothing for Key');
  await expectAccessible(page);
  await lacking.getByRole('link', { name: /level 1/ }).click();
  const definition = page.locator('#definition');
  const key = definition.getByLabel('Key of Desk');
  await expect(key).toHaveValue('');
  await expect(lacking).toBeVisible();
  await alive(page);
  const message = definition.getByRole('textbox', { name: /^Message/ });
  await message.fill('Call the desk');
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(definition.locator('.variable .error')).toContainText('Level 1, “Desk”, variable “Key”');
  await expect(key).toBeFocused();
  await expect(message).toHaveValue('Call the desk');
  await expectAccessible(page);
  await key.fill('hunter2hunter2');
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Alerts' })).toBeVisible();
  for (const change of ['Call them', 'Call them twice']) {
    await page.locator('.definition [data-row]').first().click();
    await expect(key).toHaveValue('********');
    await expect(lacking).toHaveCount(0);
    expect(await page.content()).not.toContain('hunter2');
    await message.fill(change);
    await page.getByRole('button', { name: 'Save definition' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Alerts' })).toBeVisible();
  }
});

test('a definition is composed as JSON without scripts @nojs', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=custom`);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Desk');
  await page.getByText('Edit as JSON').click();
  const json = page.getByRole('textbox', { name: 'Definition' });
  const text = await json.inputValue();
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.locator('#integration-definition-error')).toContainText('variables[0].value');
  await json.fill(text.replace('"value": ""', `"value": "${receiver.url}"`));
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Desk' })).toBeVisible();
  const preview = page.locator('#preview');
  await expect(preview).toContainText(`POST ${receiver.url}`);
  await preview.getByText('OK', { exact: true }).click();
  await expect(preview.getByRole('group', { name: 'OK' })).toContainText('"type": "Ok"');
  await expect(preview.getByRole('group', { name: 'Error' })).toBeHidden();
});

test('what was written down about a monitor is shown, and sent where a template asks for it', async ({ page }) => {
  test.setTimeout(120_000);
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/monitors`);
  await alive(page);
  await page.locator('[data-row]').first().click();
  await page.getByRole('link', { name: 'Edit' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Edit monitor' })).toBeVisible();
  await page.getByRole('textbox', { name: /^Interval/ }).fill('1');
  await page.getByRole('textbox', { name: /^Notes/ }).fill('Ask the "web" team.\nRunbook: https://wiki.example.org/shop.');
  await page.locator('summary').filter({ hasText: 'Advanced' }).click();
  const fields = page.getByRole('textbox', { name: /^Own fields/ });
  await fields.fill('Team = web\nnothing');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  await expect(page.locator('.error').first()).toContainText('Line 2: “nothing” has no “=”');
  await fields.fill('Team = web');
  await page.getByRole('button', { name: 'Save monitor' }).click();
  const notes = page.locator('section.notes');
  await expect(notes).toContainText('Ask the "web" team.');
  await expect(notes.getByRole('link')).toHaveAttribute('href', 'https://wiki.example.org/shop');
  await expect(notes).toContainText('Team');
  await expectAccessible(page);

  await page.goto(`${pharos.url}/console/integrations/new?kind=custom`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Desk');
  await page.getByRole('textbox', { name: 'Value of variable 1' }).fill(receiver.url);
  await page.getByRole('textbox', { name: 'Body' }).fill(BODY);
  await page.getByRole('checkbox', { name: /^Tell it of every outage/ }).check();
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Desk' })).toBeVisible();
  const saved = page.url();
  await target.off();
  await expect(() => expect(receiver.bodies.length).toBeGreaterThan(0)).toPass({ timeout: 40_000 });
  const told = receiver.bodies[0];
  expect([told.type, told.notes, told.team]).toEqual([
    'Alert', 'Ask the "web" team.\nRunbook: https://wiki.example.org/shop.', 'web',
  ]);
  expect(told.account).toMatch(/^[A-Z]{2,3}[0-9a-z]{20}$/i);
  await page.goto(saved);
  await alive(page);
  await expect(page.locator('#preview')).toContainText('With the facts of the last alert');
  await expect(page.locator('#preview')).toContainText('"team":"web"');
});
