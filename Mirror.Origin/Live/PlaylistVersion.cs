using System.Buffers;
using Mirror.Media.Playlists;

namespace Mirror.Origin.Live;

/// <summary>The four forms in which one state of a media playlist is served.</summary>
internal enum PlaylistForm
{
    Full,
    FullGzip,
    Delta,
    DeltaGzip,
}

/// <summary>One state of a rendition: what its playlist says and which media it can serve. Immutable, but for the texts rendered on first demand.</summary>
internal sealed class PlaylistVersion(StreamTimeline stream, string rendition)
{
    private const int FormCount = 4;
    private readonly Lock _lock = new();
    private Rendering? _rendering;

    public required TimelinePosition Position { get; init; }

    public required MediaPlaylist Playlist { get; init; }

    /// <summary>Complete segments that can be fetched, in order: those that left the playlist not long ago, those listed, and one that is about to be.</summary>
    public required ReadOnlyMemory<LiveSegment> Available { get; init; }

    /// <summary>The open segment, of which <see cref="OpenParts"/> shows the parts of this version.</summary>
    public required LiveSegment? Open { get; init; }

    public required ReadOnlyMemory<LivePart> OpenParts { get; init; }

    /// <summary>The initialization segment for what follows.</summary>
    public required LiveInit? Init { get; init; }

    /// <summary>Parts announced so far, missing ones included.</summary>
    public required long PartCount { get; init; }

    /// <summary>MSN and index of the last part; <see langword="null"/> before the first.</summary>
    public (long Msn, int Part)? LastPart
    {
        get
        {
            if (Playlist.OpenSegment is { } open) { return (open.Msn, open.Parts.Length - 1); }
            ReadOnlySpan<MediaSegment> segments = Playlist.Segments.Span;
            return segments.IsEmpty ? null : (segments[^1].Msn, segments[^1].Parts.Length - 1);
        }
    }

    /// <summary>
    /// Returns the playlist's bytes in one form, rendered once and shared by everyone who asks. If another rendition has since
    /// advanced by two parts, the reports are renewed for those who ask later: once for all of them, too.
    /// </summary>
    public byte[] GetText(PlaylistForm form, OriginMetrics metrics)
    {
        Rendering? rendering = Volatile.Read(ref _rendering);
        byte[]? text = rendering is null || IsStale(rendering) ? null : Volatile.Read(ref rendering.Texts[(int)form]);
        return text ?? Render(form, metrics);
    }

    public LivePart? FindPart(long msn, int index)
    {
        if (Open?.Msn == msn) { return index < OpenParts.Length ? OpenParts.Span[index] : null; }
        ReadOnlySpan<LivePart> parts = FindSegment(msn) is { } segment ? segment.Parts.Span : default;
        return index < parts.Length ? parts[index] : null;
    }

    /// <summary>A complete segment. Numbers may jump when a stream moved to another node, so it is searched for, not counted to.</summary>
    public LiveSegment? FindSegment(long msn)
    {
        ReadOnlySpan<LiveSegment> segments = Available.Span;
        int low = 0;
        int high = segments.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            long found = segments[middle].Msn;
            if (found == msn) { return segments[middle]; }
            if (found < msn) { low = middle + 1; }
            else { high = middle - 1; }
        }
        return null;
    }

    public LiveInit? FindInit(ReadOnlySpan<char> name)
    {
        if (Init is not null && name.SequenceEqual(Init.Name)) { return Init; }
        if (Open is not null && name.SequenceEqual(Open.Init.Name)) { return Open.Init; }
        ReadOnlySpan<LiveSegment> segments = Available.Span;
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            if (name.SequenceEqual(segments[i].Init.Name)) { return segments[i].Init; }
        }
        return null;
    }

    private byte[] Render(PlaylistForm form, OriginMetrics metrics)
    {
        lock (_lock)
        {
            if (_rendering is null || IsStale(_rendering)) { Volatile.Write(ref _rendering, new Rendering(ReportSnapshot.Take(stream, rendition))); }
            return Render(_rendering, form, metrics);
        }
    }

    private byte[] Render(Rendering rendering, PlaylistForm form, OriginMetrics metrics)
    {
        if (rendering.Texts[(int)form] is { } done) { return done; }
        byte[] text = form switch
        {
            PlaylistForm.Full => Write(rendering, 0),
            PlaylistForm.Delta => Playlist.CountSkippableSegments() is > 0 and int skipped ? Write(rendering, skipped) : Render(rendering, PlaylistForm.Full, metrics),
            PlaylistForm.FullGzip => Gzip.Compress(Render(rendering, PlaylistForm.Full, metrics)),
            _ => Playlist.CountSkippableSegments() == 0 ? Render(rendering, PlaylistForm.FullGzip, metrics) : Gzip.Compress(Render(rendering, PlaylistForm.Delta, metrics)),
        };
        metrics.PlaylistRenderings.Add(1, new KeyValuePair<string, object?>("form", form));
        Volatile.Write(ref rendering.Texts[(int)form], text);
        return text;
    }

    private byte[] Write(Rendering rendering, int skipped)
    {
        var output = new ArrayBufferWriter<byte>(1024 + 144 * (Playlist.Segments.Length - skipped));
        MediaPlaylistWriter.Write(Playlist, rendering.Reports.Reports, skipped, output);
        return output.WrittenSpan.ToArray();
    }

    private bool IsStale(Rendering rendering) => !Position.IsEnded && rendering.Reports.IsStale;

    /// <summary>The forms that were asked for, with one snapshot of reports, so that all of them say the same.</summary>
    private sealed class Rendering(ReportSnapshot reports)
    {
        public ReportSnapshot Reports => reports;

        public byte[]?[] Texts { get; } = new byte[]?[FormCount];
    }
}
