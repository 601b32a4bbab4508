// Proof of who owns an address or a phone, and where links in messages lead.
import { expect, Page, test } from '@playwright/test';
import { Mailbox } from '../support/mailbox.ts';
import { Pharos } from '../support/pharos.ts';
import { Phone } from '../support/phone.ts';
import { Target } from '../support/target.ts';
import { alive, expectAccessible, enter } from '../support/steps.ts';

let pharos: Pharos;
let target: Target;
let mailbox: Mailbox;
let phone: Phone;

/** The address of the account that `setUp` makes. */
const OWN = 'ada@example.org';

// Each walks through many pages; a machine that builds at the same time needs longer.
test.describe.configure({ timeout: 180_000 });

test.beforeEach(async () => {
  [mailbox, phone, target] = [await Mailbox.start(), await Phone.start(), await Target.start()];
  pharos = await Pharos.start({ ...mailbox.environment, ...phone.environment });
});

test.afterEach(async () => {
  await pharos.remove();
  await target.off();
  await mailbox.stop();
  await phone.stop();
});

/** What axe says; it needs scripts. */
async function check(page: Page, scripts: boolean): Promise<void> {
  if (scripts) await expectAccessible(page);
}

/** From an integration that may not send to a mailbox whose owner agreed. */
async function confirmOwnAddress(page: Page, stranger: Page, scripts: boolean): Promise<void> {
  const ready = (on: Page) => (scripts ? alive(on) : Promise.resolve());
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=email`);
  await ready(page);
  await page.getByRole('textbox', { name: /^Address/ }).fill(OWN);
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.locator('#trial')).toContainText(`${OWN} has not been confirmed.`);
  expect(mailbox.mails).toHaveLength(0);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByText('Not confirmed', { exact: true })).toBeVisible();
  await expect(() => expect(mailbox.to(OWN)).toHaveLength(1)).toPass();
  await ready(page);
  await check(page, scripts);
  await page.getByRole('button', { name: 'Send the link again' }).click();
  await expect(page.getByText('The link is on its way.')).toBeVisible();
  await expect(() => expect(mailbox.to(OWN)).toHaveLength(2)).toPass();
  await page.goto(`${pharos.url}/console/settings`);
  await ready(page);
  await expect(page.getByText('Not confirmed', { exact: true })).toBeVisible();
  await check(page, scripts);

  // The first link, on a device where nobody is logged in. That something opens it changes nothing.
  const link = mailbox.mails[0].plain.match(/http:\S+\/confirm\/[0-9a-f]{64}/)![0];
  expect(link.startsWith(pharos.url)).toBe(true);
  for (let opened = 0; opened < 2; opened++) await stranger.goto(link);
  await ready(stranger);
  await expect(stranger.getByRole('heading', { name: 'Is this your address?' })).toBeVisible();
  await expect(stranger.getByText(OWN)).toBeVisible();
  await check(stranger, scripts);
  await page.reload();
  await expect(page.getByText('Not confirmed', { exact: true })).toBeVisible();
  await stranger.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(stranger.getByRole('heading', { name: 'Confirmed' })).toBeVisible();
  await check(stranger, scripts);
  await stranger.goto(link);
  await expect(stranger.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  await check(stranger, scripts);

  await page.reload();
  await expect(page.getByText('Confirmed', { exact: true })).toBeVisible();
  await page.goto(`${pharos.url}/console/integrations`);
  await page.getByRole('link', { name: `${OWN}`, exact: true }).click();
  await ready(page);
  await expect(page.getByText('Not confirmed', { exact: true })).toBeHidden();
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('It arrived')).toBeVisible();
  await expect(() => expect(mailbox.to(OWN)).toHaveLength(3)).toPass();
}

test('nothing is sent to an account before its address is confirmed', async ({ page, browser }) => {
  const stranger = await (await browser.newContext()).newPage();
  await confirmOwnAddress(page, stranger, true);
  await stranger.context().close();
});

test('an address is confirmed without scripts @nojs', async ({ page, browser }) => {
  const stranger = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await confirmOwnAddress(page, stranger, false);
  await stranger.context().close();
});

/** From a number to an integration, by the code that the phone shows. */
async function addPhone(page: Page, scripts: boolean): Promise<void> {
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/integrations/new?kind=sms`);
  if (scripts) await alive(page);
  const number = page.getByRole('textbox', { name: /^Phone number/ });
  const code = page.getByRole('textbox', { name: /^Code/ });
  await number.fill('0151 2345');
  await page.getByRole('button', { name: 'Send code' }).click();
  await expect(page.getByText('no phone number that can receive text messages').first()).toBeVisible();
  await number.fill('+1 555 010 0199');
  await page.getByRole('button', { name: 'Send code' }).click();
  await expect(page.getByText('A code is on its way')).toBeVisible();
  expect(phone.texts.map((text) => text.to)).toEqual(['+15550100199']);
  await check(page, scripts);
  await page.getByRole('button', { name: 'Send code' }).click();
  await expect(page.getByText('A code was sent to it a moment ago').first()).toBeVisible();
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByText('write here what arrives on the phone')).toBeVisible();
  const wrong = phone.code === '000000' ? '000001' : '000000';
  await code.fill(wrong);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByText('This is not the code that was sent')).toBeVisible();
  await expect(number).toHaveValue('+1 555 010 0199');
  await code.fill(phone.code);
  await page.getByRole('button', { name: 'Add integration' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'SMS +15550100199' })).toBeVisible();
  // What has not changed needs no code.
  if (scripts) await alive(page);
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('My phone');
  await page.getByRole('button', { name: 'Save integration' }).click();
  await expect(page).toHaveURL(`${pharos.url}/console/integrations`);
  await expect(page.getByRole('link', { name: 'My phone' })).toBeVisible();
}

test('a phone is added with the code that was sent to it', async ({ page }) => {
  await addPhone(page, true);
});

test('a phone is added without scripts @nojs', async ({ page }) => {
  await addPhone(page, false);
});

/** Where links lead, why, and by whose word. */
async function chooseLinks(page: Page, scripts: boolean): Promise<void> {
  const ready = () => (scripts ? alive(page) : Promise.resolve());
  await enter(page, pharos, [target.url]);
  await page.goto(`${pharos.url}/console/settings`);
  await ready();
  const card = page.getByRole('region', { name: 'Links in messages' });
  await expect(card).toContainText(`They begin with ${pharos.url}. Somebody logged in there`);
  await expect(card).toContainText('This address opens on this machine only');
  await check(page, scripts);
  await card.getByLabel('Another address').fill('status.example.org');
  await card.getByRole('button', { name: 'Use this address' }).click();
  await expect(card).toContainText('Write an address such as https://status.example.org.');
  await card.getByLabel('Another address').fill('https://Status.example.org/');
  await card.getByRole('button', { name: 'Use this address' }).click();
  await expect(card).toContainText('They begin with https://status.example.org. Somebody wrote it here.');
  await expect(card.getByRole('button', { name: `Use ${pharos.url}` })).toBeVisible();
  await ready();
  await card.getByRole('button', { name: 'Forget it' }).click();
  await expect(card).toContainText('Messages have no links');
  await card.getByRole('button', { name: `Use ${pharos.url}` }).click();
  await expect(card).toContainText(`They begin with ${pharos.url}. Somebody wrote it here.`);
}

test('an operator sees and decides where links in messages lead', async ({ page }) => {
  await chooseLinks(page, true);
});

test('the same without scripts @nojs', async ({ page }) => {
  await chooseLinks(page, false);
});
