import type { BackfillProgress } from '../backfill.ts';
import { counted } from './layout.ts';
import type { Terminal } from './terminal.ts';

const DRAWN_EVERY_MILLISECONDS = 100;
const TOLD_EVERY_MILLISECONDS = 10_000;
/** The rate is that of the last so many milliseconds. */
const RATE_OVER_MILLISECONDS = 20_000;
const BAR_COLUMNS = 24;

/** A sight of how far it had come. */
interface Sight {
  readonly at: number;
  readonly bytes: number;
  readonly units: number;
}

/** How far a backfill has come, with its rate and the time left: a bar that rewrites itself on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #units: () => number;
  readonly #milliseconds: () => number;
  readonly #begun: number;
  #told: number;
  #sights: Sight[] = [];

  /** `units`: write units taken so far. */
  constructor(terminal: Terminal, units: () => number, milliseconds: () => number) {
    this.#terminal = terminal;
    this.#units = units;
    this.#milliseconds = milliseconds;
    this.#begun = milliseconds();
    this.#told = this.#begun;
  }

  tell(progress: BackfillProgress): void {
    const now = this.#milliseconds();
    const { err, live, width } = this.#terminal;
    if (now - this.#told < (live ? DRAWN_EVERY_MILLISECONDS : TOLD_EVERY_MILLISECONDS)) return;
    this.#told = now;
    const first = this.#sights[0] ?? { at: this.#begun, bytes: progress.bytes, units: 0 };
    this.#sights.push({ at: now, bytes: progress.bytes, units: this.#units() });
    this.#sights = this.#sights.filter(({ at }) => now - at <= RATE_OVER_MILLISECONDS);
    const text = progressText(progress, { seconds: (now - first.at) / 1_000, since: first, units: this.#units() }, live);
    err.write(live ? `\r\u001b[K${text.slice(0, width - 1)}` : `${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#terminal.live) this.#terminal.err.write('\r\u001b[K');
  }
}

interface Pace {
  readonly seconds: number;
  readonly since: Sight;
  readonly units: number;
}

function progressText(
  { sources, ofSources, bytes, ofBytes, records }: BackfillProgress,
  { seconds, since, units }: Pace,
  live: boolean,
): string {
  const share = ofBytes === 0 ? 1 : bytes / ofBytes;
  const perSecond = seconds > 0 ? (units - since.units) / seconds : 0;
  const bytesPerSecond = seconds > 0 ? (bytes - since.bytes) / seconds : 0;
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = live ? `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)} ` : '';
  const left = bytesPerSecond > 0 && bytes < ofBytes ? `, ${duration((ofBytes - bytes) / bytesPerSecond)} left` : '';
  return `${bar}${Math.floor(share * 100)} %, ${sources}/${ofSources} sources, ${counted(records, 'record')}, ${Math.round(perSecond)} write units/s${left}`;
}

/** Seconds as people say them, in two parts at most. */
function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
