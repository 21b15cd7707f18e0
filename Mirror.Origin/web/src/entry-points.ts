// Where decoding can start in a rendition that is not the one being loaded. Encoders that place key frames where they like may send none
// for ten seconds: a player that changes to such a rendition anywhere shows nothing until the next one.

/** What a media playlist tells. In seconds. */
export interface Entries {
  /** Decoding can start with every segment, and one begins every few seconds. */
  isEasy: boolean;
  /** From the newest place where decoding can start to the end of what is listed; infinite where none is listed. */
  age: number;
}

/** Seconds. */
export const limits = {
  /** Segments up to this are worth waiting for. */
  shortSegments: 3,
  /** A change must be made so soon after the place at which the other rendition begins: what is between is loaded again, from little that is buffered. */
  fresh: 0.4,
  /** A playlist that was asked for is believed for so long: one of an easy rendition, and of another. */
  easyKept: 30,
  kept: 0.25,
  /** Later than this a viewer who joins would wait, or be behind. */
  joinable: 3,
};

/** Reads the text of a media playlist. */
export function readEntries(text: string): Entries {
  let age = Infinity;
  let hasParts = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-PART:')) {
      const duration = Number(/DURATION=([\d.]+)/.exec(line)?.[1] ?? 0);
      age = /INDEPENDENT=YES/.test(line) && !/GAP=YES/.test(line) ? duration : age + duration;
      hasParts = true;
    } else if (line.startsWith('#EXTINF:')) {
      age += hasParts ? 0 : Number(/[\d.]+/.exec(line)?.[0] ?? 0);
      hasParts = false;
    }
  }
  const target = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1] ?? 0);
  return { isEasy: text.includes('#EXT-X-INDEPENDENT-SEGMENTS') && target <= limits.shortSegments, age };
}

/** Asks for the playlists of renditions that are not being loaded. */
export class EntryPoints {
  private readonly known = new Map<string, { at: number; entries: Entries }>();
  private readonly asked = new Set<string>();

  /** @param fetchText Loads a playlist. */
  constructor(private readonly fetchText: (uri: string) => Promise<string>, private readonly now: () => number) {}

  /** Whether a rendition can be changed to at the end of any segment; null while that is not known. */
  isEasy(uri: string): boolean | null {
    return this.look(uri)?.isEasy ?? null;
  }

  /** Whether a rendition that is not easy has just begun anew, so that it can be changed to now. */
  isFresh(uri: string): boolean {
    return (this.look(uri)?.age ?? Infinity) <= limits.fresh;
  }

  private look(uri: string): Entries | null {
    const known = this.known.get(uri);
    const isKept = known && this.now() - known.at < (known.entries.isEasy ? limits.easyKept : limits.kept);
    if (!isKept && !this.asked.has(uri)) {
      this.asked.add(uri);
      void this.fetchText(uri)
        .then((text) => this.known.set(uri, { at: this.now(), entries: readEntries(text) }))
        .catch(() => this.known.delete(uri))
        .finally(() => this.asked.delete(uri));
    }
    return isKept ? known.entries : null;
  }
}
