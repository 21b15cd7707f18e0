// Why a stream is not shown as it should be, for people.
import type { StreamInfo } from './api';
import { codecName } from './format';

const settleMs = 5000;              // a track may come a little later than the other

/** What is wrong with a stream, or worth knowing about it; empty where nothing is. */
export function reasonOfStream(stream: StreamInfo, now: number): string {
  if (stream.status_reason && (stream.status === 'degraded' || stream.status === 'error')) {
    return sentence(stream.status_reason);
  }
  if (stream.status !== 'active' || now - Date.parse(stream.created_at) < settleMs) {
    return '';
  }
  if (!stream.video_codec) {
    return 'Audio only: no video arrives.';
  }
  return stream.audio_codec ? '' : 'No audio arrives.';
}

/** What a browser says that does not decode what the stream has. */
export function undecodable(codecs: string): string {
  const names = [...new Set(codecs.split(',').map((codec) => codec.trim()).filter(Boolean).map(codecName))].join(' and ');
  return `This browser cannot decode ${names || 'what the stream has'}.`;
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
