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
  bitrate: number;
  frame_rate: number;
}

export interface StreamList {
  streams: StreamInfo[];
  count: number;
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

/** One stream; null when nobody publishes it. */
export function findStream(id: string): Promise<StreamInfo | null> {
  return get<StreamInfo>(`/api/v1/streams/${encodeURIComponent(id)}`);
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
export async function serverTime(): Promise<{ time: number; roundTrip: number }> {
  const asked = performance.now();
  const answer = await get<{ time: string }>('/live');
  const roundTrip = performance.now() - asked;
  return { time: answer ? Date.parse(answer.time) : NaN, roundTrip };
}
