import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const ROOT = new URL('..', import.meta.url).pathname;
/** Licences that let anybody use, change and pass on, with a notice at most. */
const LICENCES = new Set(['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);
const ACCOUNTS = new Set(['111122223333', '123456789012']);

const json = (path: string) => JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8'));
const lockOf = (path: string): [string, Locked][] => Object.entries<Locked>(json(path).packages).filter(([name]) => name !== '');
const packages = lockOf('package-lock.json');
/** What is installed where the project is used, not where it is developed. */
const production = packages.filter(([, { dev }]) => !dev);
const names = (some: readonly [string, Locked][]): string[] => some.map(([name]) => name.replace(/^.*node_modules\//, ''));

describe.each(['', 'bench/'])('the packages of %spackage.json', (folder) => {
  const locked = lockOf(`${folder}package-lock.json`);

  it('are asked for in exact versions', () => {
    const { dependencies, devDependencies, optionalDependencies } = json(`${folder}package.json`);
    const asked = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('are locked by their content, and none comes from elsewhere than the registry', () => {
    expect(names(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')))).toEqual([]);
    // The lock names a place only where that is no registry: .npmrc has npm leave it out.
    expect(locked.flatMap(([, { resolved = [] }]) => resolved)).toEqual([]);
  });
});

describe('what is installed where the project is used', () => {
  it('has licences of the allow-list', () => {
    expect(production.length).toBeGreaterThan(10);
    expect(production.filter(([, { license = '' }]) => !LICENCES.has(license)).map(([name, { license }]) => `${name}: ${license}`)).toEqual(
      [],
    );
  });

  it('runs no script at installation, but the check for a prebuilt binary of the embedded database', () => {
    expect(names(production.filter(([, { hasInstallScript }]) => hasInstallScript))).toEqual(['classic-level']);
  });
});

describe('the bill of materials', () => {
  interface Component {
    readonly name: string;
    readonly version: string;
    readonly hashes?: readonly unknown[];
    readonly licenses?: readonly unknown[];
    readonly properties?: readonly { readonly name: string }[];
  }
  const bill = JSON.parse(
    execFileSync('npm', ['run', '--silent', 'sbom'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    }),
  );
  const { components }: { components: readonly Component[] } = bill;
  const identities = (some: readonly Pick<Component, 'name' | 'version'>[]): string[] =>
    [...new Set(some.map(({ name, version }) => `${name}@${version}`))].sort();
  const locked = (some: readonly [string, Locked][]): string[] =>
    identities(some.map(([path, { version = '' }]) => ({ name: path.replace(/^.*node_modules\//, ''), version })));

  it('is CycloneDX, each package with its content and licence', () => {
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(components.filter(({ hashes, licenses }) => !hashes?.length || !licenses?.length)).toEqual([]);
  });

  it('lists every package, and tells those of development', () => {
    const used = components.filter(({ properties }) => !properties?.some(({ name }) => name === 'cdx:npm:package:development'));

    expect(identities(components)).toEqual(locked(packages));
    expect(identities(used)).toEqual(locked(production));
  });
});

it('the functions hold code of packages that are installed without a script only', () => {
  const { outputs }: { outputs: Record<string, { inputs: Record<string, unknown> }> } = json('dist/meta.json');
  const held = new Set(
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
    ),
  );
  const locked = new Map(packages);

  expect(held.size).toBeGreaterThan(10);
  expect([...held].filter((name) => locked.get(name) === undefined || locked.get(name)?.hasInstallScript || locked.get(name)?.dev)).toEqual(
    [],
  );
});

describe('the tracked files', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  const found = (pattern: RegExp, allowed: (match: string) => boolean = () => false): string[] =>
    files.flatMap((path) =>
      (readFileSync(`${ROOT}${path}`, 'latin1').match(pattern) ?? [])
        .filter((match) => !allowed(match))
        .map((match) => `${path}: ${match}`),
    );

  it.each<[string, RegExp, ((match: string) => boolean)?]>([
    ['an access key but an example', /\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, (key) => key.endsWith('EXAMPLE')],
    ['a secret access key', /aws_?secret_?access_?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}\b/gi],
    ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/g],
    [
      'a token of a forge, a registry or a chat',
      /\b(?:gh[pousr]_\w{36}|github_pat_\w{22}|glpat-[\w-]{20}|npm_[A-Za-z0-9]{36}|xox[abprs]-[\w-]{10})/g,
    ],
    ['a password in an address', /\bhttps?:\/\/[^\s/:@'"`$]+:[^\s/:@'"`$]+@/g],
    ['an account but the two examples', /(?<=\barn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:)\d{12}\b/g, (account) => ACCOUNTS.has(account)],
  ])('hold no %s', (_what, pattern, allowed) => {
    expect(files.length).toBeGreaterThan(100);
    expect(found(pattern, allowed)).toEqual([]);
  });

  it('would be found out', () => {
    // Put together here, so that this file is no finding of its own.
    const access = `AKIA${'B'.repeat(16)}`;
    const pem = `-----BEGIN ${'RSA'} PRIVATE KEY-----`;
    expect(access).toMatch(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/);
    expect(pem).toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----/);
  });
});
