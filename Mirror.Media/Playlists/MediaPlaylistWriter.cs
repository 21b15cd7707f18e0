using System.Buffers;

namespace Mirror.Media.Playlists;

/// <summary>Writes a media playlist, whole or as a delta update, as UTF-8 (draft-pantos-hls-rfc8216bis §4.4 and §6.2.5.1).</summary>
public static class MediaPlaylistWriter
{
    /// <summary>EXT-X-SKIP needs 9 (§8); the number stays when nothing is skipped, so that the playlist does not change under its readers.</summary>
    internal const int Version = 9;

    /// <summary>Writes <paramref name="playlist"/>.</summary>
    /// <param name="playlist">The state to write.</param>
    /// <param name="reports">One report for each other rendition of the presentation that has a part.</param>
    /// <param name="skippedSegments">Segments to leave out at the start, from <see cref="MediaPlaylist.CountSkippableSegments"/>; 0 writes the whole playlist.</param>
    /// <param name="output">Receives the text.</param>
    public static void Write(MediaPlaylist playlist, ReadOnlySpan<RenditionReport> reports, int skippedSegments, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(playlist);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfNegative(skippedSegments);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(skippedSegments, playlist.Segments.Length);
        var text = new PlaylistTextWriter(output);
        WriteHeader(text, playlist);
        string? map = WriteSkip(text, playlist, skippedSegments);
        map = WriteSegments(text, playlist, skippedSegments, map);
        WriteOpenSegment(text, playlist, map);
        WriteEnd(text, playlist, reports);
    }

    private static void WriteHeader(PlaylistTextWriter text, MediaPlaylist playlist)
    {
        text.Write("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:"u8);
        text.Write(playlist.Control.TargetDuration);
        text.Write("\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL="u8);
        text.WriteLimit(playlist.Control.SkipBoundary);
        text.Write(",PART-HOLD-BACK="u8);
        text.WriteLimit(playlist.Control.PartHoldBack);
        text.Write(",HOLD-BACK="u8);
        text.WriteLimit(playlist.Control.HoldBack);
        text.Write("\n#EXT-X-PART-INF:PART-TARGET="u8);
        text.WriteLimit(playlist.Control.PartTarget);
        if (playlist.IndependentSegments) { text.Write("\n#EXT-X-INDEPENDENT-SEGMENTS"u8); }
        text.Write("\n#EXT-X-MEDIA-SEQUENCE:"u8);
        text.Write(playlist.MediaSequence);
        text.Write("\n#EXT-X-DISCONTINUITY-SEQUENCE:"u8);
        text.Write(playlist.DiscontinuitySequence);
        text.Write("\n"u8);
    }

    // The map in force is repeated behind EXT-X-SKIP, for readers that do not carry it over from the skipped segments.
    private static string? WriteSkip(PlaylistTextWriter text, MediaPlaylist playlist, int skippedSegments)
    {
        if (skippedSegments == 0) { return null; }
        text.Write("#EXT-X-SKIP:SKIPPED-SEGMENTS="u8);
        text.Write(skippedSegments);
        text.Write("\n"u8);
        string map = playlist.Segments.Span[skippedSegments - 1].MapUri;
        bool changesAtOnce = skippedSegments < playlist.Segments.Length && playlist.Segments.Span[skippedSegments].MapUri != map;
        if (!changesAtOnce) { WriteMap(text, map); }
        return map;
    }

    private static string? WriteSegments(PlaylistTextWriter text, MediaPlaylist playlist, int skippedSegments, string? map)
    {
        ReadOnlySpan<MediaSegment> segments = playlist.Segments.Span;
        int firstWithParts = playlist.FirstSegmentWithParts();
        for (int i = skippedSegments; i < segments.Length; i++)
        {
            MediaSegment segment = segments[i];
            WriteSegmentTags(text, segment, map);
            map = segment.MapUri;
            if (i >= firstWithParts) { WriteParts(text, segment); }
            if (segment.IsGap) { text.Write("#EXT-X-GAP\n"u8); }
            text.Write("#EXTINF:"u8);
            text.WriteDuration(segment.Duration);
            text.Write(",\n"u8);
            text.Write(segment.Msn);
            text.Write(".m4s\n"u8);
        }
        return map;
    }

    private static void WriteOpenSegment(PlaylistTextWriter text, MediaPlaylist playlist, string? map)
    {
        if (playlist.OpenSegment is not { } open) { return; }
        WriteSegmentTags(text, open, map);
        WriteParts(text, open);
    }

    // Every segment has its date. A playlist starts with one (Apple's authoring rules, 8.4), and the segment that becomes the first may not
    // get a tag that it was listed without (§6.2.1).
    private static void WriteSegmentTags(PlaylistTextWriter text, MediaSegment segment, string? map)
    {
        if (segment.StartsDiscontinuity) { text.Write("#EXT-X-DISCONTINUITY\n"u8); }
        if (segment.MapUri != map) { WriteMap(text, segment.MapUri); }
        text.Write("#EXT-X-PROGRAM-DATE-TIME:"u8);
        text.WriteDateTime(segment.ProgramDateTime);
        text.Write("\n"u8);
    }

    private static void WriteMap(PlaylistTextWriter text, string uri)
    {
        text.Write("#EXT-X-MAP:URI=\""u8);
        text.Write(uri);
        text.Write("\"\n"u8);
    }

    private static void WriteParts(PlaylistTextWriter text, MediaSegment segment)
    {
        ReadOnlySpan<MediaPart> parts = segment.Parts.Span;
        for (int i = 0; i < parts.Length; i++)
        {
            text.Write("#EXT-X-PART:DURATION="u8);
            text.WriteDuration(parts[i].Duration);
            text.Write(",URI=\""u8);
            WritePartUri(text, segment.Msn, i);
            text.Write("\""u8);
            if (parts[i].IsIndependent) { text.Write(",INDEPENDENT=YES"u8); }
            if (parts[i].IsGap) { text.Write(",GAP=YES"u8); }
            text.Write("\n"u8);
        }
    }

    private static void WritePartUri(PlaylistTextWriter text, long msn, int index)
    {
        text.Write(msn);
        text.Write("."u8);
        text.Write(index);
        text.Write(".m4s"u8);
    }

    private static void WriteEnd(PlaylistTextWriter text, MediaPlaylist playlist, ReadOnlySpan<RenditionReport> reports)
    {
        if (!playlist.IsEnded)
        {
            text.Write("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\""u8);
            WritePartUri(text, playlist.OpenMsn, playlist.NextPart);
            text.Write("\"\n"u8);
        }
        foreach (RenditionReport report in reports)
        {
            text.Write("#EXT-X-RENDITION-REPORT:URI=\""u8);
            text.Write(report.Uri);
            text.Write("\",LAST-MSN="u8);
            text.Write(report.LastMsn);
            text.Write(",LAST-PART="u8);
            text.Write(report.LastPart);
            text.Write("\n"u8);
        }
        if (playlist.IsEnded) { text.Write("#EXT-X-ENDLIST\n"u8); }
    }
}
