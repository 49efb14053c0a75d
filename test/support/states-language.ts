import { field, isObject, items, text } from '../../src/core/json.ts';

type Fields = Readonly<Record<string, unknown>>;

const COMMON = ['Type', 'Comment', 'InputPath', 'OutputPath'];
const FLOW = ['Next', 'End'];
const FAULTS = ['Retry', 'Catch'];
const RESULT = ['Parameters', 'ResultPath', 'ResultSelector'];
/** The fields a state of each type may have. https://states-language.net/#state-types */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Task: [...COMMON, ...FLOW, ...FAULTS, ...RESULT, 'Resource', 'TimeoutSeconds', 'HeartbeatSeconds', 'Credentials'],
  Pass: [...COMMON, ...FLOW, 'Result', 'ResultPath', 'Parameters'],
  Choice: [...COMMON, 'Choices', 'Default'],
  Wait: [...COMMON, ...FLOW, 'Seconds', 'Timestamp', 'SecondsPath', 'TimestampPath'],
  Succeed: COMMON,
  Fail: ['Type', 'Comment', 'Error', 'Cause', 'ErrorPath', 'CausePath'],
  Parallel: [...COMMON, ...FLOW, ...FAULTS, ...RESULT, 'Branches'],
  Map: [
    ...[...COMMON, ...FLOW, ...FAULTS, 'ResultPath', 'ResultSelector', 'ItemsPath', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency'],
    ...['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label', 'ToleratedFailurePercentage', 'ToleratedFailureCount'],
  ],
};
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Task: ['Resource'],
  Choice: ['Choices'],
  Map: ['ItemProcessor'],
  Parallel: ['Branches'],
};
/** Fields of what states hold. https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  ItemReader: ['Resource', 'Parameters', 'ReaderConfig'],
  ItemBatcher: ['MaxItemsPerBatch', 'MaxInputBytesPerBatch', 'BatchInput'],
  ResultWriter: ['Resource', 'Parameters', 'WriterConfig'],
  ProcessorConfig: ['Mode', 'ExecutionType'],
};
const RETRIER = ['ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy', 'Comment'];
const MACHINE = ['Comment', 'StartAt', 'States', 'Version', 'TimeoutSeconds', 'QueryLanguage', 'ProcessorConfig'];

/** Everything that is wrong with a state machine in the Amazon States Language, as far as it is used here. */
export function machineFaults(machine: unknown, where = 'machine'): string[] {
  const states = field(machine, 'States');
  if (!isObject(machine) || !isObject(states)) return [`${where}: States are missing`];
  const names = Object.keys(states);
  const start = text(machine.StartAt) ?? '';
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name) || !names.includes(name)) return;
    reached.add(name);
    nextOf(states[name]).forEach(visit);
  };
  visit(start);
  return [
    ...unknown(machine, MACHINE, where),
    ...(names.includes(start) ? [] : [`${where}: StartAt names no state`]),
    ...names.filter((name) => !reached.has(name)).map((name) => `${where}.${name}: is never reached`),
    ...names.flatMap((name) => stateFaults(states[name], names, `${where}.${name}`)),
  ];
}

function nextOf(state: unknown): string[] {
  const choices = [...items(field(state, 'Choices')), ...items(field(state, 'Catch'))].map((one) => field(one, 'Next'));
  return [field(state, 'Next'), field(state, 'Default'), ...choices].flatMap((next) => (typeof next === 'string' ? next : []));
}

function stateFaults(state: unknown, names: readonly string[], where: string): string[] {
  const type = text(field(state, 'Type')) ?? '';
  const fields = FIELDS[type];
  if (!isObject(state) || fields === undefined) return [`${where}: no state type "${type}"`];
  const ends = Number(state.Next !== undefined) + Number(state.End === true);
  return [
    ...unknown(state, fields, where),
    ...(REQUIRED[type] ?? []).filter((name) => state[name] === undefined).map((name) => `${where}: ${name} is required`),
    ...nextOf(state)
      .filter((next) => !names.includes(next))
      .map((next) => `${where}: goes on to "${next}", which is no state`),
    ...(fields.includes('End') && ends !== 1 ? [`${where}: either Next or End is required`] : []),
    ...Object.entries(PARTS).flatMap(([name, known]) => (isObject(state[name]) ? unknown(state[name], known, `${where}.${name}`) : [])),
    ...retryFaults(items(state.Retry), where),
    ...(type === 'Map' ? mapFaults(state, where) : []),
    ...items(state.Branches).flatMap((branch, index) => machineFaults(branch, `${where}[${index}]`)),
  ];
}

function mapFaults(state: Fields, where: string): string[] {
  const config = field(state.ItemProcessor, 'ProcessorConfig');
  const faults = machineFaults(state.ItemProcessor, where);
  if (isObject(config)) faults.push(...unknown(config, PARTS.ProcessorConfig ?? [], `${where}.ProcessorConfig`));
  const distributed = field(config, 'Mode') === 'DISTRIBUTED';
  if (distributed && !['STANDARD', 'EXPRESS'].includes(String(field(config, 'ExecutionType'))))
    faults.push(`${where}: ExecutionType is required`);
  if (!distributed && (state.ItemReader ?? state.ItemBatcher ?? state.ResultWriter) !== undefined)
    faults.push(`${where}: is not distributed`);
  if (!(Number.isInteger(state.MaxConcurrency) && Number(state.MaxConcurrency) > 0)) faults.push(`${where}: MaxConcurrency has no bound`);
  if (state.ToleratedFailurePercentage !== 0) faults.push(`${where}: failures are tolerated`);
  return faults;
}

function retryFaults(retriers: readonly unknown[], where: string): string[] {
  return retriers.flatMap((retrier, index) => {
    const errors = items(field(retrier, 'ErrorEquals'));
    const faults = isObject(retrier) ? unknown(retrier, RETRIER, `${where}.Retry[${index}]`) : [`${where}: a retrier is an object`];
    if (errors.length === 0) faults.push(`${where}.Retry[${index}]: names no error`);
    if (errors.includes('States.ALL') && (errors.length > 1 || index < retriers.length - 1))
      faults.push(`${where}: States.ALL comes last and alone`);
    return faults;
  });
}

const unknown = (given: Fields, known: readonly string[], where: string): string[] =>
  Object.keys(given)
    .filter((name) => !known.includes(name.replace(/\.\$$/, '')))
    .map((name) => `${where}: no field ${name}`);
