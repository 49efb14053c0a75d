import { TestRunner, test } from 'vitest';
import { LEFT_OUT } from './parts.ts';

type Task = Parameters<TestRunner['onBeforeRunTask']>[0];

/**
 * One failed test ends a mutant: nothing behind it is loaded or run any more. A file that does not load fails as a test does, which
 * Stryker would take for survival; and tests that would only cost time are left out, by name.
 */
export default class MutantRunner extends TestRunner {
  private failed = false;

  override async importFile(...args: Parameters<TestRunner['importFile']>): Promise<unknown> {
    const [, source] = args;
    if (source !== 'collect') return super.importFile(...args);
    if (this.failed) return undefined;
    try {
      return await super.importFile(...args);
    } catch (error) {
      test('loads', () => {
        throw error;
      });
      return undefined;
    }
  }

  override async onBeforeRunTask(task: Task): Promise<void> {
    if (this.failed || isLeftOut(task)) task.mode = 'skip';
    await super.onBeforeRunTask(task);
  }

  override onAfterRunTask(task: Task): void {
    this.failed ||= task.result?.state === 'fail';
    super.onAfterRunTask(task);
  }
}

function isLeftOut(task: Task): boolean {
  const names = [task.name];
  for (let { suite } = task; suite !== undefined; suite = suite.suite) names.unshift(suite.name);
  const name = names.join(' ');
  return LEFT_OUT.some((one) => name.includes(one));
}
