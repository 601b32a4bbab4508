import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

// Debian's Chromium or the user's; nothing is downloaded.
const browsers = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

export default defineConfig({
  testDir: 'tests',
  // Each test starts a server of its own, and waits more than it works: for a check that is due, or a minute for a message that must
  // not come. Two at a time fill two cores.
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? [['list'], ['json', { outputFile: 'test-results/report.json' }]] : 'list',
  use: {
    browserName: 'chromium',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: browsers.find((path) => path && existsSync(path)),
      // Without these the browser asks the internet for updates, which is noise in a test.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // What a spec is about decides in which of these it runs: see the tags in the titles.
  projects: [
    { name: 'desktop', use: { viewport: { width: 1280, height: 900 } }, grepInvert: /@nojs/ },
    {
      name: 'phone',
      use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
      grep: /@phone/,
    },
    {
      name: 'no JavaScript',
      use: { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false },
      grep: /@nojs/,
    },
  ],
});
