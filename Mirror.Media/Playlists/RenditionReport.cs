namespace Mirror.Media.Playlists;

/// <summary>How far another rendition has come: EXT-X-RENDITION-REPORT (draft-pantos-hls-rfc8216bis §4.4.5.4).</summary>
/// <param name="Uri">Its playlist's URI, relative to the playlist that carries the report.</param>
/// <param name="LastMsn">LAST-MSN: media sequence number of its last part.</param>
/// <param name="LastPart">LAST-PART: index of that part in its segment.</param>
public readonly record struct RenditionReport(string Uri, long LastMsn, int LastPart);
