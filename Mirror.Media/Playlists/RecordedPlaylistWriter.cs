using System.Buffers;

namespace Mirror.Media.Playlists;

/// <summary>Writes a recording's media playlist as UTF-8 (draft-pantos-hls-rfc8216bis §4.4).</summary>
public static class RecordedPlaylistWriter
{
    /// <summary>Writes <paramref name="playlist"/> to <paramref name="output"/>.</summary>
    public static void Write(RecordedPlaylist playlist, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(playlist);
        ArgumentNullException.ThrowIfNull(output);
        var text = new PlaylistTextWriter(output);
        text.Write("#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:"u8);       // EXT-X-GAP needs 8 (§8)
        text.Write(playlist.TargetDuration);
        if (playlist.IsComplete) { text.Write("\n#EXT-X-PLAYLIST-TYPE:VOD"u8); }
        else if (playlist.MediaSequence == 0) { text.Write("\n#EXT-X-PLAYLIST-TYPE:EVENT"u8); }
        if (playlist.IndependentSegments) { text.Write("\n#EXT-X-INDEPENDENT-SEGMENTS"u8); }
        text.Write("\n#EXT-X-MEDIA-SEQUENCE:"u8);
        text.Write(playlist.MediaSequence);
        if (playlist.DiscontinuitySequence > 0)
        {
            text.Write("\n#EXT-X-DISCONTINUITY-SEQUENCE:"u8);
            text.Write(playlist.DiscontinuitySequence);
        }
        text.Write("\n"u8);
        WriteSegments(text, playlist.Segments);
        if (playlist.IsComplete) { text.Write("#EXT-X-ENDLIST\n"u8); }
    }

    private static void WriteSegments(PlaylistTextWriter text, IReadOnlyList<MediaSegment> segments)
    {
        string? map = null;
        foreach (MediaSegment segment in segments)
        {
            if (segment.StartsDiscontinuity) { text.Write("#EXT-X-DISCONTINUITY\n"u8); }
            if (segment.MapUri != map)
            {
                map = segment.MapUri;
                text.Write("#EXT-X-MAP:URI=\""u8);
                text.Write(map);
                text.Write("\"\n"u8);
            }
            // Not only the first: the oldest segments leave a recording, and the next one may not get a date then (§6.2.1).
            text.Write("#EXT-X-PROGRAM-DATE-TIME:"u8);
            text.WriteDateTime(segment.ProgramDateTime);
            text.Write("\n"u8);
            if (segment.IsGap) { text.Write("#EXT-X-GAP\n"u8); }
            text.Write("#EXTINF:"u8);
            text.WriteDuration(segment.Duration);
            text.Write(",\n"u8);
            text.Write(segment.Msn);
            text.Write(".m4s\n"u8);
        }
    }
}
