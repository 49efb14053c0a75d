import { beforeEach } from 'vitest';
import { LEFT_OUT } from './parts.ts';

// By a hook: Stryker sets patterns of names itself.
beforeEach(({ task, skip }) => {
  const suites: string[] = [];
  for (let { suite } = task; suite !== undefined; suite = suite.suite) suites.unshift(suite.name);
  const name = [...suites, task.name].join(' ');
  skip(LEFT_OUT.some((one) => name.includes(one)));
});
