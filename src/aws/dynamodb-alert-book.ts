import type { AlertAttributes, AlertNote, Claim } from '../core/alerting.ts';
import type { Settlement } from '../core/snapshot.ts';
import { type Timestamp, toSeconds } from '../core/timestamp.ts';
import type { AlertBook } from '../ports.ts';
import { decodeNote, type Item, textOf } from './item-codec.ts';
import { memberKey, noteKey, settlementKey, toldKey } from './item-keys.ts';
import { N, rangeOf, S, type Table } from './table.ts';

/** How many of a group's members are read at once. */
const MEMBERS_READ = 100;
const HELD = 'claimBy = :by AND claim = :until';
const GIVE_BACK = 'REMOVE claim, claimBy, claimThrough, claimSev, claimTells';

/** What is noted of alerts, one item a group, each change conditional on what was read. */
export class DynamoDbAlertBook implements AlertBook {
  readonly #table: Table;
  readonly #retention: number;

  /** `retention` in seconds. */
  constructor(table: Table, retention: number) {
    this.#table = table;
    this.#retention = retention;
  }

  async alertNote(group: string): Promise<AlertNote> {
    const item = await this.#table.get(noteKey(group));
    return item === undefined ? {} : decodeNote(item);
  }

  async claimAlert(group: string, seen: AlertNote, claim: Claim): Promise<boolean> {
    const conditions = [
      seen.sent === undefined ? 'attribute_not_exists(sent)' : 'sent = :seenSent AND sev = :seenSev',
      seen.over === undefined ? 'attribute_not_exists(#over)' : '#over = :seenOver',
      seen.closed === undefined ? 'attribute_not_exists(closed)' : 'closed = :seenClosed',
      seen.claim === undefined ? 'attribute_not_exists(claim)' : 'claim = :seenClaim AND claimBy = :seenBy',
    ];
    const taken = await this.#table.update(noteKey(group), {
      UpdateExpression: 'SET claim = :until, claimBy = :by, claimThrough = :through, claimSev = :sev, claimTells = :tells, exp = :exp',
      ConditionExpression: conditions.join(' AND '),
      ExpressionAttributeNames: { '#over': 'over' },
      ExpressionAttributeValues: {
        ':until': N(claim.until),
        ':by': S(claim.by),
        ':through': S(claim.through),
        ':sev': S(claim.severity),
        ':tells': S(claim.tells),
        ':exp': N(claim.until + this.#retention),
        ...(seen.sent && { ':seenSent': S(seen.sent.through), ':seenSev': S(seen.sent.severity) }),
        ...(seen.over && { ':seenOver': S(seen.over) }),
        ...(seen.closed && { ':seenClosed': S(seen.closed) }),
        ...(seen.claim && { ':seenClaim': N(seen.claim.until), ':seenBy': S(seen.claim.by) }),
      },
    });
    return taken !== undefined;
  }

  async noteAlert(group: string, claim: Claim, attributes: AlertAttributes, closed?: Timestamp): Promise<void> {
    const close = closed === undefined ? '' : ', closed = :closed';
    await this.#giveBack(group, claim, `SET sent = :through, sev = :sev, attrs = :attributes${close} ${GIVE_BACK}`, {
      ':through': S(claim.through),
      ':sev': S(claim.severity),
      ':attributes': S(JSON.stringify(attributes)),
      ...(closed && { ':closed': S(closed) }),
    });
  }

  async noteEnd(group: string, claim: Claim, told: boolean): Promise<void> {
    const close = told ? ', closed = :through' : '';
    await this.#giveBack(group, claim, `SET #over = :through${close} ${GIVE_BACK}`, { ':through': S(claim.through) }, { '#over': 'over' });
  }

  async noteCorrection(group: string, claim: Claim): Promise<void> {
    await this.#giveBack(group, claim, `${GIVE_BACK}, sent, sev, attrs, closed, #over`, {}, { '#over': 'over' });
  }

  async releaseAlert(group: string, claim: Claim): Promise<void> {
    await this.#giveBack(group, claim, GIVE_BACK, {});
  }

  async joinGroup(group: string, member: string, time: Timestamp): Promise<void> {
    await this.#table.put(memberKey(group, member), { f: S(member), exp: N(toSeconds(time) + this.#retention) });
  }

  async leaveGroup(group: string, member: string): Promise<void> {
    await this.#table.remove(memberKey(group, member));
  }

  async membersOf(group: string): Promise<readonly string[]> {
    const left = await this.#table.page({ ...rangeOf(noteKey(group).pk, 'M#', 'M~'), ConsistentRead: true, Limit: MEMBERS_READ });
    return (left.Items ?? []).flatMap((item) => textOf(item, 'f') ?? []);
  }

  async noteTold(findingId: string, time: Timestamp): Promise<void> {
    await this.#table.put(toldKey(findingId), { exp: N(toSeconds(time) + this.#retention) });
  }

  async forgetTold(findingId: string): Promise<void> {
    await this.#table.remove(toldKey(findingId));
  }

  async wasTold(findingId: string): Promise<boolean> {
    return (await this.#table.get(toldKey(findingId))) !== undefined;
  }

  async settle(findingId: string, settlement: Settlement): Promise<void> {
    const exp = N(toSeconds(settlement.at) + this.#retention);
    await this.#table.put(settlementKey(findingId), { f: S(JSON.stringify(settlement)), exp });
  }

  /** Changes the note and gives the lease back; nothing when it has passed to another. */
  async #giveBack(group: string, { by, until }: Claim, expression: string, values: Item, names?: Record<string, string>): Promise<void> {
    await this.#table.update(noteKey(group), {
      UpdateExpression: expression,
      ConditionExpression: HELD,
      ExpressionAttributeValues: { ...values, ':by': S(by), ':until': N(until) },
      ...(names && { ExpressionAttributeNames: names }),
    });
  }
}
