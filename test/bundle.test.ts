import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Output {
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

const root = new URL('..', import.meta.url).pathname;
const { outputs }: { outputs: Record<string, Output> } = JSON.parse(readFileSync(`${root}dist/meta.json`, 'utf8'));
const bytes = (paths: Iterable<string>): number => [...paths].reduce((sum, path) => sum + statSync(root + path).size, 0);

/** An output and all that it imports, by the kinds of import given. */
function closure(path: string, kinds: readonly string[], seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
    if (!external && kinds.includes(kind)) closure(imported, kinds, seen);
  }
  return seen;
}

describe('the Lambda bundle', () => {
  const atStart = closure('dist/audit.mjs', ['import-statement']);
  const all = closure('dist/audit.mjs', ['import-statement', 'dynamic-import']);

  it('is small: 420 kB at start, 700 kB with every chunk', () => {
    console.log(
      `dist/audit.mjs: ${(bytes(atStart) / 1000).toFixed(0)} kB at start, ${(bytes(Object.keys(outputs)) / 1000).toFixed(0)} kB all chunks together`,
    );
    expect(bytes(atStart)).toBeLessThanOrEqual(420_000);
    expect(bytes(Object.keys(outputs))).toBeLessThanOrEqual(700_000);
  });

  it('loads SNS, CloudWatch and ECS only when they are needed', () => {
    const inputs = (paths: Iterable<string>): string[] => [...paths].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
    const clients = (paths: Iterable<string>): boolean => inputs(paths).some((input) => /client-(?:sns|cloudwatch|ecs)\//.test(input));
    expect(clients(atStart)).toBe(false);
    expect(clients(all)).toBe(true);
  });

  it('holds the policy as the build read it, and no reader of policies', () => {
    const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
    expect(inputs.filter((input) => /built-policy\.ts$/.test(input))).toHaveLength(1);
    expect(inputs.filter((input) => /read-policy\.ts$|policy-schema\.ts$|node_modules\/valibot\//.test(input))).toEqual([]);
  });

  it('holds no code of the command line, the embedded stack or the tests', () => {
    const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
    expect(inputs.length).toBeGreaterThan(20);
    expect(inputs.filter((input) => /^(?:src\/cli|src\/local|test)\/|node_modules\/(?:dynalite|commander|vitest)\//.test(input))).toEqual(
      [],
    );
  });

  it('exports a handler', async () => {
    for (const entry of ['audit', 'sweep']) {
      const module: Record<string, unknown> = await import(`${root}dist/${entry}.mjs`);
      expect(typeof module.handler).toBe('function');
    }
  });
});
