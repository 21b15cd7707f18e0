// Chooses a rendition from what its parts took to arrive. The estimate of hls.js divides bytes by the time of the whole request, and the
// parts of low-latency streams are so small that nearly all of that time is the way there and back: it takes fast networks for slow ones,
// and a player that once went down would never come up again.

/** What is known of a rendition. */
export interface Rendition {
  name: string;
  /** Peak rate, in bit/s. */
  bitrate: number;
}

/** One part, or segment, that was loaded. */
export interface Transfer {
  /** A steady clock, in seconds. */
  now: number;
  rendition: number;
  /** From the request to the first byte, and to the last, in seconds. */
  wait: number;
  total: number;
  /** Of the media, in seconds. */
  duration: number;
}

/** All in seconds, except shares and counts. */
export const limits = {
  /** Transfers that are looked at, and how old they may be. */
  window: 20,
  oldest: 10,
  fewest: 3,
  /** Share of the time that loading may take: with more than the first there is no way up to a rendition, with more than the second no staying. */
  comfortable: 0.6,
  tolerable: 0.9,
  /** After a change the next one up waits so long. */
  calm: 4,
  /** A rendition that failed is left alone for so long, twice as long after each further failure. */
  shortestBan: 8,
  longestBan: 120,
  /** A failure so long ago is forgotten. */
  forgiven: 240,
};

export class RenditionChoice {
  private renditions: Rendition[] = [];
  private readonly transfers: Transfer[] = [];
  private readonly bans = new Map<string, { until: number; lasted: number }>();
  private chosen = -1;
  private changedAt = -Infinity;

  /** The renditions, from the lowest bit rate: another stream, or the same opened again. What failed stays known by its name. */
  open(renditions: Rendition[]): void {
    this.renditions = renditions;
    this.transfers.length = 0;
    this.chosen = -1;
    this.changedAt = -Infinity;
  }

  loaded(transfer: Transfer): void {
    this.transfers.push(transfer);
    while (this.transfers.length > limits.window || (this.transfers[0] && transfer.now - this.transfers[0].now > limits.oldest)) {
      this.transfers.shift();
    }
  }

  /** A rendition was no good: it cannot be loaded, or this machine cannot play it. */
  failed(rendition: number, now: number): void {
    const name = this.renditions[rendition]?.name;
    if (name === undefined || rendition === 0 && this.renditions.length === 1) {
      return;
    }
    const before = this.bans.get(name);
    if (before && now < before.until) {
      return;   // one failure has many signs
    }
    const lasted = before && now - before.until < limits.forgiven ? Math.min(limits.longestBan, before.lasted * 2) : limits.shortestBan;
    this.bans.set(name, { until: now + lasted, lasted });
  }

  /** What failed was not the renditions' fault: none worked, as while the publisher was gone. */
  forgive(): void {
    this.bans.clear();
  }

  /** The rendition to load next: the highest that fits. Before anything was loaded all are taken to fit. */
  choose(now: number): number {
    const best = this.highest((rendition) => !this.isBanned(rendition, now) && this.load(rendition) <= this.bearable(rendition, now));
    const next = best >= 0 ? best : this.lowestAllowed(now);
    if (next !== this.chosen) {
      this.chosen = next;
      this.changedAt = now;
    }
    return next;
  }

  /** Share of the time that loading a rendition would take, as far as the last transfers tell; 0 when nothing is known. */
  load(rendition: number): number {
    const wanted = this.renditions[rendition];
    if (!wanted || this.transfers.length < limits.fewest) {
      return 0;
    }
    let busy = 0;
    let duration = 0;
    for (const transfer of this.transfers) {
      const scale = wanted.bitrate / (this.renditions[transfer.rendition]?.bitrate ?? wanted.bitrate);
      busy += transfer.wait + (transfer.total - transfer.wait) * scale;
      duration += transfer.duration;
    }
    return duration > 0 ? busy / duration : 0;
  }

  private bearable(rendition: number, now: number): number {
    if (rendition <= this.chosen) {
      return limits.tolerable;
    }
    return this.chosen < 0 || now - this.changedAt >= limits.calm ? limits.comfortable : -1;
  }

  private highest(isFit: (rendition: number) => boolean): number {
    for (let rendition = this.renditions.length - 1; rendition >= 0; rendition--) {
      if (isFit(rendition)) {
        return rendition;
      }
    }
    return -1;
  }

  /** Nothing fits: the lowest that works, or else the lowest. */
  private lowestAllowed(now: number): number {
    return Math.max(0, this.renditions.findIndex((_, rendition) => !this.isBanned(rendition, now)));
  }

  private isBanned(rendition: number, now: number): boolean {
    const ban = this.bans.get(this.renditions[rendition]?.name ?? '');
    return ban !== undefined && now < ban.until;
  }
}
