import { containers, keyCare, reads, rules, trails } from './day/administration.ts';
import { endOf, lifeOf } from './day/fargate.ts';
import { type Plant, plants } from './day/plants.ts';
import { Random } from './day/random.ts';
import { DAY_SECONDS, type Draft, MIDNIGHT } from './day/records.ts';
import { mishaps, resourceUses } from './day/resources.ts';
import { tasksOf } from './day/schedule.ts';
import { instances, serviceGrants } from './day/storage.ts';

/** An event as EventBridge delivers it, and when: seconds since 1970. */
export interface Delivery {
  readonly event: unknown;
  readonly arrivesAt: number;
}

/** A day with attacks and faults among its ordinary traffic. */
export interface PlantedDay {
  readonly deliveries: readonly Delivery[];
  readonly plants: readonly Plant[];
}

/** How many tasks begin in a day. */
export const TASKS = 2_000;

/** One day of ordinary traffic in one account and Region, as delivered: nothing in it is worth an alert. */
export function ordinaryDay(): Delivery[] {
  return delivered(ordinaryDrafts());
}

/** {@link ordinaryDay} with every kind of attack and fault in it. */
export function plantedDay(): PlantedDay {
  const planted = plants(new Random(20_261_119));
  return { deliveries: delivered([...ordinaryDrafts(), ...planted.flatMap(({ drafts }) => drafts)]), plants: planted };
}

function ordinaryDrafts(): Draft[] {
  const random = new Random(20_261_118);
  const { today, yesterday } = tasksOf(random, TASKS);
  const drafts = [
    ...today.flatMap((task) => lifeOf(random, task)),
    ...yesterday.flatMap((task) => endOf(random, task)),
    ...instances(random),
    ...serviceGrants(random),
    ...resourceUses(random),
    ...mishaps(random),
    ...reads(random),
    ...keyCare(random),
    ...containers(random),
    ...trails(random),
    ...rules(random),
  ];
  return drafts.filter(({ second }) => second >= 0 && second < DAY_SECONDS);
}

/**
 * EventBridge's promise: soon, at least once, in no order. Most come within seconds, some minutes late, one in a hundred
 * twice; `faithfully` leaves the copies out, for whoever counts.
 */
export function delivered(drafts: readonly Draft[], { faithfully = false } = {}): Delivery[] {
  const random = new Random(20_261_120);
  return drafts
    .flatMap(({ second, event }) => {
      const arrivesAt = MIDNIGHT + second + (random.chance(0.03) ? random.int(20, 240) : random.int(1, 4));
      const once = { event, arrivesAt };
      return !faithfully && random.chance(0.01) ? [once, { event, arrivesAt: arrivesAt + random.int(0, 120) }] : [once];
    })
    .sort((a, b) => a.arrivesAt - b.arrivesAt);
}
