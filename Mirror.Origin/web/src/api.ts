/** One stream of GET /api/v1/streams. */
export interface StreamInfo {
  id: string;
  type: string;
  source_addr: string;
  status: 'connecting' | 'active' | 'paused' | 'degraded' | 'error' | 'ended';
  created_at: string;
  last_heartbeat: string;
  status_reason?: string | null;
  video_codec?: string | null;
  audio_codec?: string | null;
  resolution?: string | null;
  /** Of its sounds: tags of RFC 5646. */
  languages?: string[] | null;
  bitrate: number;
  frame_rate: number;
  transcode?: Transcode | null;
}

/** A stream's encoded renditions. */
export interface Transcode {
  device?: string | null;
  degraded: boolean;
  reason?: string | null;
  restarts: number;
  frames_dropped: number;
  latency_ms: number;
  renditions: { name: string; codec: string; resolution: string; bitrate: number; up: boolean }[];
}

/** GET /api/v1/transcoder/capabilities. */
export interface Capabilities {
  is_available: boolean;
  reason?: string | null;
  libavcodec_version?: string | null;
  encoders: string[];
  gpus: { index: number; decoders: string[]; encoders: string[]; sessions_in_use: number; reason?: string | null }[];
  cores: number;
  cores_in_use: number;
  streams: number;
}

export interface StreamList {
  streams: StreamInfo[];
  count: number;
  time: string;
}

/** One recording of GET /api/v1/recordings. */
export interface RecordingInfo {
  id: string;
  stream: string;
  status: 'recording' | 'degraded' | 'complete';
  status_reason?: string | null;
  started_at: string;
  ended_at: string;
  duration_seconds: number;
  bytes: number;
  playlist: string;
  renditions: { name: string; codec: string; resolution?: string | null; segments: number; bytes: number }[];
  gaps: { from: string; duration_seconds: number }[];
}

export interface RecordingList {
  recordings: RecordingInfo[];
  count: number;
  bytes: number;
  time: string;
}

const timeoutMs = 5000;

async function get<T>(path: string): Promise<T | null> {
  const response = await fetch(path, { signal: AbortSignal.timeout(timeoutMs), cache: 'no-store' });
  if (response.status === 404) {
    return null;
  }
  if (!response.ok) {
    throw new Error(`${path} answered ${response.status}`);
  }
  return (await response.json()) as T;
}

export async function listStreams(): Promise<StreamList> {
  return (await get<StreamList>('/api/v1/streams')) ?? { streams: [], count: 0, time: new Date().toISOString() };
}

/** The latest recordings. */
export async function listRecordings(most: number): Promise<RecordingList> {
  return (await get<RecordingList>(`/api/v1/recordings?limit=${most}`)) ?? { recordings: [], count: 0, bytes: 0, time: new Date().toISOString() };
}

/** One stream; null when nobody publishes it. A page of another site names the server. */
export function findStream(id: string, server = ''): Promise<StreamInfo | null> {
  return get<StreamInfo>(`${server}/api/v1/streams/${encodeURIComponent(id)}`);
}

/** Pictures arrive, though perhaps not all renditions of them are made. */
export function isLive({ status, bitrate }: StreamInfo): boolean {
  return status === 'active' || (status === 'degraded' && bitrate > 0);
}

/** What the server's transcoder can do; null where it has none. */
export async function capabilities(): Promise<Capabilities | null> {
  try {
    return await get<Capabilities>('/api/v1/transcoder/capabilities');
  } catch {
    return null;
  }
}

/** The address of a stream's newest picture, at least so wide. It changes with each period, so that no older one is shown from a cache. */
export function pictureOf(stream: string, width: number, periodMs: number): string {
  return `/api/v1/streams/${encodeURIComponent(stream)}/iframe?width=${width}&at=${Math.floor(Date.now() / periodMs)}`;
}

/** The SRT port of this server; the usual one where the server does not say. */
export async function srtPort(): Promise<number> {
  const usual = 30000;
  try {
    return (await get<{ srt_port?: number }>('/api/v1/stats'))?.srt_port || usual;
  } catch {
    return usual;
  }
}

/** The server's clock, in milliseconds of Unix time, and how long the question took. */
export async function serverTime(server = ''): Promise<{ time: number; roundTrip: number }> {
  const asked = performance.now();
  const answer = await get<{ time: string }>(`${server}/live`);
  const roundTrip = performance.now() - asked;
  return { time: answer ? Date.parse(answer.time) : NaN, roundTrip };
}
