/** 3_100_000 is "3.1 Mbit/s". */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e6) {
    return `${(bitsPerSecond / 1e6).toFixed(bitsPerSecond >= 1e7 ? 0 : 1)} Mbit/s`;
  }
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}

/** Seconds as "2 d 3 h", "1 h 05 min", "4 min 10 s", "12 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) {
    return `${days} d ${hours} h`;
  }
  if (hours > 0) {
    return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  }
  return minutes > 0 ? `${minutes} min ${String(whole % 60).padStart(2, '0')} s` : `${whole} s`;
}

/** A place in a recording: 42 is "0:42", 5025 is "1:23:45". */
export function position(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** 3_100_000 is "3.1 MB". */
export function size(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** A measured rate, which wavers by a little: 29.6 is "30 fps". */
export function frameRate(framesPerSecond: number): string {
  return `${Math.round(framesPerSecond)} fps`;
}

/** A codec as people call it: from the API ("h264") or a codec string ("avc1.640028"). */
export function codecName(codec: string): string {
  const names: [prefix: string, name: string][] = [
    ['avc', 'H.264'], ['h264', 'H.264'], ['hvc', 'HEVC'], ['hev', 'HEVC'], ['h265', 'HEVC'], ['av01', 'AV1'], ['av1', 'AV1'],
    ['mp4v', 'MPEG-2'], ['mp4a.40.33', 'MP2'], ['mp4a.40.34', 'MP3'], ['ac-3', 'AC-3'], ['ec-3', 'E-AC-3'], ['mp4a', 'AAC'], ['aac', 'AAC'], ['opus', 'Opus'], ['jxs', 'JPEG XS'], ['jpeg', 'JPEG XS'],
  ];
  const lower = codec.toLowerCase();
  return names.find(([prefix]) => lower.startsWith(prefix))?.[1] ?? codec;
}
