import { serverTime } from './api';

const questions = 5;
const againAfterMs = 60_000;

/** The server's clock seen from this machine, so that latency is right where the two clocks differ. */
export class ServerClock {
  private offset = 0;
  private timer: number | undefined;

  constructor(private readonly server = '') {}

  /** Milliseconds of Unix time, on the server. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Asks now, and every minute. */
  start(): void {
    void this.ask();
    this.timer = setInterval(() => void this.ask(), againAfterMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The quickest of some answers is the most exact: half its round trip bounds the error. */
  private async ask(): Promise<void> {
    let best = Infinity;
    for (let i = 0; i < questions; i++) {
      try {
        const { time, roundTrip } = await serverTime(this.server);
        if (roundTrip < best && !Number.isNaN(time)) {
          best = roundTrip;
          this.offset = time + roundTrip / 2 - Date.now();
        }
      } catch {
        return;   // the next minute asks again; until then the clock stays as it is
      }
    }
  }
}
