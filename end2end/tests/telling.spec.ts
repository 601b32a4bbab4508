// Telling people: from an integration that is added and tried to an outage that somebody takes on from a phone.
import { expect, Page, test } from '@playwright/test';
import { Webhook } from 'standardwebhooks';
import { Mailbox } from '../support/mailbox.ts';
import { Pharos } from '../support/pharos.ts';
import { Receiver } from '../support/receiver.ts';
import { Target } from '../support/target.ts';
import { alive, expectAccessible, enter } from '../support/steps.ts';

let pharos: Pharos;
let target: Target;
let receiver: Receiver;
let mailbox: Mailbox;

/** The key of the signatures; whoever verifies them is another program in another language. */
const SIGNING_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
/** An address that belongs to no account. */
const TEAM = 'ops@example.org';

test.beforeEach(async () => {
  mailbox = await Mailbox.start();
  [pharos, target, receiver] = [await Pharos.start(mailbox.environment), await Target.start(), await Receiver.start()];
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
  await receiver.stop();
  await mailbox.stop();
});

test('an outage changes the public page, is told, signed and logged, and taken on from a phone before the second level', async ({ page, browser }) => {
  // More than a minute of it waits for a message that never comes.
  test.setTimeout(300_000);
  await enter(page, pharos, [target.url]);
  await checkEverySecond(page);
  await page.goto(`${pharos.url}/console`);
  await expect(page.getByText('Nobody would be told')).toBeVisible();

  // An integration, tried before it is saved.
  await page.goto(`${pharos.url}/console/integrations/new`);
  await alive(page);
  await page.getByRole('link', { name: /^Webhook/ }).click();
  await page.getByRole('textbox', { name: /^URL/ }).fill(receiver.url);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Ops room');
  await page.locator('.fold > summary').click();
  await page.getByLabel('Signing secret').fill(SIGNING_SECRET);
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It arrived')).toBeVisible();
  await expect(page.locator('#trial')).toContainText('thank you');
  expect(receiver.bodies).toHaveLength(1);
  receiver.status = 404;
  await page.getByRole('combobox', { name: 'Example to send' }).selectOption('Recovery');
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It did not arrive')).toBeVisible();
  await expect(page.locator('#trial')).toContainText('nothing at this address any more');
  await expectAccessible(page);
  receiver.status = 200;
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ops room' })).toBeVisible();
  await expect(page.getByText('Nobody would be told')).toBeHidden();
  await expectAccessible(page);

  // A mailbox of the team, tried too.
  await page.goto(`${pharos.url}/console/integrations/new?kind=email`);
  await alive(page);
  await page.getByRole('textbox', { name: /^Address/ }).fill(TEAM);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Team mail');
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It arrived')).toBeVisible();
  await expect(() => expect(mailbox.to(TEAM)).toHaveLength(1)).toPass();
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Team mail' })).toBeVisible();
  await expect(page.getByText('Not confirmed', { exact: true })).toBeHidden();

  // A second level, by the editor.
  await page.goto(`${pharos.url}/console/alerts`);
  await alive(page);
  await page.getByRole('link', { name: 'Edit Everything' }).click();
  await page.getByRole('button', { name: 'Add a level' }).click();
  const second = page.getByRole('region', { name: 'Level 2' });
  await second.getByRole('textbox', { name: 'Minutes of failing' }).fill('1');
  await second.getByRole('checkbox', { name: 'Ops room', exact: true }).check();
  await expect(page.getByRole('region', { name: 'Time line' })).toContainText('Level 2, after 1 min');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page).toHaveURL(`${pharos.url}/console/alerts`);
  await expect(page.locator('.definition').first()).toContainText('Level 2, after 1 min');

  // The target dies; whoever looks at the public page sees it without a reload.
  const visitor = await (await browser.newContext()).newPage();
  await visitor.goto(pharos.url);
  await expect(visitor.locator('#banner h1')).toHaveText('All systems operational');
  receiver.bodies.length = 0;
  receiver.raw.length = 0;
  mailbox.mails.length = 0;
  await target.off();
  await expect(visitor.locator('#banner')).toHaveAttribute('data-state', 'major', { timeout: 30_000 });
  await expect(visitor.locator('#incidents article')).toHaveCount(1);
  await visitor.context().close();

  // The receiver hears of it, with a signature that others can verify; the mail leads to the incident, and the log shows both.
  await expect(() => expect(receiver.bodies.length).toBe(1)).toPass({ timeout: 30_000 });
  await expect(() => expect(mailbox.to(TEAM)).toHaveLength(1)).toPass();
  const webhook = new Webhook(SIGNING_SECRET);
  const [posted] = receiver.raw;
  expect(webhook.verify(posted.text, posted.headers)).toEqual(receiver.bodies[0]);
  expect(() => webhook.verify(`${posted.text} `, posted.headers)).toThrow();
  const [mail] = mailbox.to(TEAM);
  expect(mail.headers.subject).toContain('is down');
  // Nobody configured the address: it is the one where the operator set Pharos up.
  expect(mail.plain).toMatch(new RegExp(`${pharos.url}/console/incidents/INC\\w+`));
  await page.goto(`${pharos.url}/console/deliveries`);
  await alive(page);
  const outages = page.getByRole('row').filter({ hasText: 'Outage' });
  await expect(outages).toHaveCount(2);
  await expect(outages.filter({ hasText: 'Team mail' })).toContainText('Delivered');
  const row = outages.filter({ hasText: 'Ops room' });
  await expect(row).toContainText('Delivered');
  await row.getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'Attempt 1' })).toBeVisible();
  await expect(page.locator('.told')).toContainText('thank you');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Send again' }).click();
  await expect(() => expect(receiver.bodies.length).toBe(2)).toPass();
  await page.getByRole('link', { name: 'The incident' }).click();
  await expect(page.getByText('Level 2', { exact: true })).toBeVisible();
  await expect(page.locator('.next')).toContainText('→ Ops room');
  // Putting it off, and taking that back, stands in the log with who did it.
  await page.locator('.acts summary').filter({ hasText: 'Snooze' }).click();
  await page.getByRole('button', { name: '30 minutes' }).click();
  await expect(page.locator('.story li').filter({ hasText: 'Ada snoozed it' })).toContainText('Until ');
  await page.getByRole('button', { name: 'End snooze' }).click();
  await expect(page.getByText('Ada ended the snooze')).toBeVisible();
  await expect(page.locator('.next')).toContainText('→ Ops room');
  await expectAccessible(page);

  // On a phone, by the link of the message.
  const phone = await browser.newContext({
    viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, storageState: await page.context().storageState(),
  });
  const pocket = await phone.newPage();
  await pocket.goto(page.url());
  await alive(pocket);
  await expectAccessible(pocket);
  const take = pocket.getByRole('button', { name: 'Acknowledge' });
  const box = (await take.boundingBox())!;
  expect(box.height).toBeGreaterThanOrEqual(44);
  expect(box.y).toBeGreaterThan(844 / 2);
  await take.tap();
  await expect(pocket.locator('.page-head')).toContainText('Acknowledged');
  // The page on the desk sees it without a reload, and the second level never comes.
  await expect(page.locator('.page-head')).toContainText('Acknowledged');
  await expect(page.getByText('Ada took it on')).toBeVisible();
  await expect(page.locator('.next')).toBeHidden();
  const told = receiver.bodies.length;
  await page.waitForTimeout(65_000);
  expect(receiver.bodies.length).toBe(told);
  expect(mailbox.to(TEAM)).toHaveLength(1);
  await phone.close();
});

test('levels are added and removed without scripts, and nothing typed is lost @nojs', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=webhook`);
  await page.getByRole('textbox', { name: /^URL/ }).fill('nowhere');
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Ops room');
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.locator('.error').first()).toContainText('no web address');
  await expect(page.getByRole('textbox', { name: /^Name/ }).first()).toHaveValue('Ops room');
  await page.getByRole('textbox', { name: /^URL/ }).fill(receiver.url);
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It arrived')).toBeVisible();
  await page.getByRole('textbox', { name: /^URL/ }).fill(receiver.url);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ops room' })).toBeVisible();

  await page.goto(`${pharos.url}/console/alerts/new`);
  await page.getByRole('textbox', { name: 'Name' }).fill('Shop');
  await page.getByRole('button', { name: 'Add a level' }).click();
  const second = page.getByRole('region', { name: 'Level 2' });
  await second.getByRole('textbox', { name: 'Minutes of failing' }).fill('25');
  await second.getByRole('checkbox', { name: 'Ops room', exact: true }).check();
  await page.getByRole('button', { name: 'Remove level 1' }).click();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Shop');
  await expect(page.getByRole('textbox', { name: 'Minutes of failing' })).toHaveValue('25');
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.locator('.error').first()).toContainText('choose the monitors');
  await page.getByRole('group', { name: 'For these monitors' }).getByRole('checkbox').first().check();
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.locator('.definition').nth(1)).toContainText('After 25 min');

  await page.goto(`${pharos.url}/console/settings/tokens`);
  await page.getByLabel('What is it for?').fill('Deployments');
  await page.getByRole('button', { name: 'Make a token' }).click();
  await expect(page.getByLabel('The new token')).toHaveValue(/^pharos_/);
  await page.reload();
  await expect(page.getByLabel('The new token')).toBeHidden();
  await expect(page.getByText('Deployments', { exact: true })).toBeVisible();
});

test('all telling is stopped and started again, and every page says so', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/alerts`);
  await alive(page);
  await page.getByRole('button', { name: 'Stop all telling' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop all telling' }).click();
  await expect(page.getByText('All telling is stopped')).toBeVisible();
  await page.goto(`${pharos.url}/console/monitors`);
  await alive(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByText('All telling is stopped')).toBeHidden();
});

/** Lets the one monitor be checked every second, by the form that people use. */
async function checkEverySecond(page: Page): Promise<void> {
  await page.goto(`${pharos.url}/console/monitors`);
  await page.locator('a[href*="/console/monitors/NM"]').first().click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await alive(page);
  await page.getByLabel(/^Interval|^Check every/).fill('1');
  await page.getByRole('button', { name: /^Save/ }).click();
  await expect(page).toHaveURL(/\/console\/monitors\/NM\w+$/);
}

test('what was ticked is what is sent again, whatever comes in meanwhile', async ({ page }) => {
  test.setTimeout(90_000);
  await enter(page, pharos, [target.url]);
  await checkEverySecond(page);
  await page.goto(`${pharos.url}/console/integrations/new?kind=webhook`);
  await alive(page);
  await page.getByRole('textbox', { name: /^URL/ }).fill(receiver.url);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page).toHaveURL(/added=true/);
  await target.off();
  await expect(() => expect(receiver.bodies.length).toBe(1)).toPass({ timeout: 30_000 });
  await page.goto(`${pharos.url}/console/deliveries`);
  await alive(page);
  const outage = page.getByRole('row').filter({ hasText: 'Outage' });
  await outage.getByRole('checkbox').check();
  // The end is told too, and its message comes above.
  await target.on();
  await expect(page.getByRole('row')).toHaveCount(3, { timeout: 30_000 });
  await expect(outage.getByRole('checkbox')).toBeChecked();
  await expect(page.locator('input[name="deliveries[]"]:checked')).toHaveCount(1);
});

test('Enter in the editor of a definition saves it instead of changing its levels @nojs', async ({ page }) => {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/alerts/new`);
  await page.getByRole('textbox', { name: 'Name' }).fill('Shop');
  await page.getByRole('textbox', { name: 'Name' }).press('Enter');
  await expect(page.locator('.error').first()).toContainText('choose the monitors');
  await expect(page.getByRole('region', { name: 'Level 2' })).toBeHidden();
});
