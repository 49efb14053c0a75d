import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report as reportCommand } from '../../src/cli/report.ts';
import type { EvidenceReport } from '../../src/core/evidence/model.ts';
import { evidencePage } from '../../src/core/html/page.ts';
import { sha256 } from '../../src/system.ts';
import { madeReport } from '../support/report-ledger.ts';
import { captured } from '../support/terminal.ts';
import { startChromium } from './chromium.ts';
import { contrastFaults } from './contrast.ts';
import { HOSTILE, spelt } from './spelt.ts';

let browser: Browser;
let folder: string;
/** Everything that `events/` shows, every field of the model in use. */
let scenarios: EvidenceReport;
/** What they look like with harmless text behind every text. */
let harmless: unknown;
beforeAll(async () => {
  browser = await startChromium();
  folder = await mkdtemp(join(tmpdir(), 'kms-audit-'));
  const { terminal, out } = captured();
  await reportCommand({ from: ['events'], json: true }, terminal);
  scenarios = whole(JSON.parse(out()));
  const one = await opened(evidencePage(spelt(scenarios, ' harmless'), sha256));
  harmless = await skeleton(one);
  await closed(one);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** With what the scenarios have none of. */
function whole(report: EvidenceReport): EvidenceReport {
  const [first, ...others] = report.findings;
  const settled = { at: '2026-11-20T10:00:00Z', reason: 'known and accepted', through: '2026-11-20T10:00:00Z' };
  return {
    ...report,
    policy: 'policies/prod.json',
    scope: { ...report.scope, cluster: 'payments', key: '1234' },
    findings: first === undefined ? [] : [{ ...first, open: false, settled }, ...others],
    verification: {
      at: '2026-11-20T10:00:00Z',
      clusters: 2,
      tasks: 3,
      more: 0,
      failed: [{ what: 'cluster/web', why: 'AccessDenied' }],
      deviations: [
        {
          kind: 'task-on-other-key',
          clusterAccount: '111122223333',
          clusterName: 'payments',
          taskArn: 'task',
          keyArn: 'key',
          sentence: 'Another key.',
        },
      ],
    },
  };
}

/** What a page did beyond being shown. */
interface Opened {
  readonly page: Page;
  readonly messages: string[];
  readonly requests: string[];
  readonly milliseconds: number;
}

/** Opens a page from a file, as a reader would, and waits until it is painted. */
async function opened(html: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const file = join(folder, 'report.html');
  await writeFile(file, html);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const messages: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  page.on('dialog', (dialog) => messages.push(dialog.message()));
  page.on('request', (request) => requests.push(request.url()));
  // The protocol's own word for it, which also knows what a policy blocked before it was a request.
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ request }) => requests.push(request.url));
  await session.send('Log.enable');
  session.on('Log.entryAdded', ({ entry }) => messages.push(entry.text));
  const before = performance.now();
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
  // Without a script of the page's own: two frames after the load, everything has been laid out and painted.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  return { page, messages, requests: requests.filter((url) => url !== pathToFileURL(file).href), milliseconds: performance.now() - before };
}

async function closed({ page }: Opened): Promise<void> {
  await page.context().close();
}

/** Elements and attributes as one text; of what names and links elements, that it is there. */
const SKELETON = `(() => {
  const of = (element) => [element.tagName, [...element.attributes].map(({ name, value }) =>
    ['id', 'href', 'aria-labelledby'].includes(name) ? name : name + '=' + value), [...element.children].map(of)];
  return JSON.stringify(of(document.documentElement));
})()`;

const skeleton = ({ page }: Opened): Promise<unknown> => page.evaluate(SKELETON);

describe('the report in Chromium', () => {
  it.each([
    ['the scenarios', () => scenarios],
    ['ten volumes', () => madeReport(10, 2)],
    ['an empty ledger', () => madeReport(0, 1)],
  ])('opens without a message or a request: %s', async (_, made) => {
    const { messages, requests, ...rest } = await opened(evidencePage(made(), sha256));

    expect({ messages, requests }).toEqual({ messages: [], requests: [] });
    expect(await rest.page.locator('h1').textContent()).toBe('KMS evidence report');
    // The style's hash fits: without it the page would stand in Times at the window's edge.
    expect(await rest.page.evaluate('getComputedStyle(document.body).marginTop')).toBe('0px');
    await closed({ messages, requests, ...rest });
  });

  it('refuses what it does not bring itself, should a text ever become markup', async () => {
    const html = evidencePage(scenarios, sha256).replace(
      '</main>',
      '<script>document.title="owned"</script><img src="https://example.com/x.png"><p id="styled" style="color:red">x</p><link rel="stylesheet" href="https://example.com/x.css"></main>',
    );
    const one = await opened(html);

    expect(await one.page.title()).toBe('KMS evidence report');
    expect(await one.page.evaluate('getComputedStyle(document.querySelector("#styled")).color')).not.toBe('rgb(255, 0, 0)');
    expect(one.messages.filter((message) => message.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(4);
    await closed(one);
  });

  it.each(HOSTILE.map((text) => [text.slice(0, 60), text]))('shows as text in every field: %s', async (_, text) => {
    const hostile = await opened(evidencePage(spelt(scenarios, text), sha256));

    expect(await skeleton(hostile)).toBe(harmless);
    expect(hostile).toMatchObject({ messages: [], requests: [] });
    expect(await hostile.page.title()).toBe('KMS evidence report');
    await closed(hostile);
  });

  it.each(['light', 'dark'] as const)('has enough contrast in every text and mark: %s', async (colorScheme) => {
    for (const made of [scenarios, madeReport(10, 2), madeReport(500, 3)]) {
      const one = await opened(evidencePage(made, sha256), { colorScheme });
      expect(await one.page.evaluate(contrastFaults)).toEqual([]);
      await closed(one);
    }
  });

  it.each([320, 375, 768, 1280])('never scrolls sideways at %i pixels, and its tables do so by keyboard', async (width) => {
    for (const made of [scenarios, spelt(madeReport(30, 2), 'x'.repeat(300))]) {
      const one = await opened(evidencePage(made, sha256), { viewport: { width, height: 800 } });
      expect(await one.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const frames = one.page.locator('.scroll');
      expect(await frames.count()).toBeGreaterThan(2);
      expect(await one.page.locator('.scroll:not([tabindex="0"][role="region"][aria-labelledby])').count()).toBe(0);
      await closed(one);
    }
  });

  it('is built of landmarks, headings in order, named tables and pictures, and links that lead somewhere', async () => {
    const one = await opened(evidencePage(scenarios, sha256));
    const faults = await one.page.evaluate(`(() => {
      const faults = [];
      const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map(({ tagName }) => Number(tagName[1]));
      levels.forEach((level, index) => { if (level > (levels[index - 1] ?? 0) + 1) faults.push('heading ' + index); });
      for (const tag of ['header', 'nav', 'main', 'footer', 'h1']) if (document.querySelectorAll(tag).length !== 1) faults.push(tag);
      const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
      if (new Set(ids).size !== ids.length) faults.push('ids');
      for (const table of document.querySelectorAll('table')) if (!table.caption?.textContent) faults.push('caption');
      for (const cell of document.querySelectorAll('th')) if (!cell.scope) faults.push('scope');
      for (const row of document.querySelectorAll('tr')) if (row.cells.length !== row.closest('table').tHead.rows[0].cells.length) faults.push('cells');
      for (const link of document.querySelectorAll('a')) if (!document.querySelector(link.getAttribute('href'))) faults.push(link.href);
      for (const named of document.querySelectorAll('[aria-labelledby]'))
        for (const id of named.getAttribute('aria-labelledby').split(' ')) if (!document.getElementById(id)) faults.push(id);
      for (const picture of document.querySelectorAll('figure > svg')) if (!picture.querySelector('title') || !picture.querySelector('desc')) faults.push('picture');
      if (document.documentElement.lang !== 'en') faults.push('lang');
      return faults;
    })()`);

    expect(faults).toEqual([]);
    await one.page.keyboard.press('Tab');
    expect(await one.page.evaluate('document.activeElement.className')).toBe('skip');
    await one.page.keyboard.press('Enter');
    expect(await one.page.evaluate('document.activeElement.id')).toBe('main');
    await closed(one);
  });

  it('opens in under 3 s with 50,000 volumes, drawn as areas, and says what it leaves out', async () => {
    const html = evidencePage(madeReport(50_000, 50), sha256);
    const one = await opened(html);

    console.log(`50,000 volumes: ${Math.ceil(html.length / 1000)} kB, open in ${Math.round(one.milliseconds)} ms`);
    expect(one).toMatchObject({ messages: [], requests: [] });
    expect(one.milliseconds).toBeLessThan(3_000);
    expect(html.length).toBeLessThan(1_000_000);
    expect(await one.page.locator('path.area').count()).toBe(40);
    expect(await one.page.locator('circle').count()).toBe(0);
    expect(await one.page.locator('#volumes ~ .note').textContent()).toContain('--csv and --json have every volume and every grant');
    await closed(one);
  });

  it('prints on white, its tables whole', async () => {
    const one = await opened(evidencePage(scenarios, sha256), { colorScheme: 'dark', viewport: { width: 1000, height: 700 } });
    await one.page.emulateMedia({ media: 'print', colorScheme: 'dark' });

    expect(await one.page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await one.page.locator('nav').isVisible()).toBe(false);
    expect(await one.page.evaluate(contrastFaults)).toEqual([]);
    expect(
      await one.page.evaluate(
        `[...document.querySelectorAll('table')].filter((table) => table.offsetWidth > document.body.clientWidth + 1).length`,
      ),
    ).toBe(0);
    const pdf = await one.page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await closed(one);
  });
});
