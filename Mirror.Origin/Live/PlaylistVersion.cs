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
    private readonly byte[]?[] _texts = new byte[]?[FormCount];
    private readonly Lock _lock = new();
    private RenditionReport[]? _reports;

    public required TimelinePosition Position { get; init; }

    public required MediaPlaylist Playlist { get; init; }

    /// <summary>Complete segments that can be fetched, in order: those listed, and before them those that left the playlist not long ago.</summary>
    public required ReadOnlyMemory<LiveSegment> Available { get; init; }

    /// <summary>The open segment, of which <see cref="OpenParts"/> shows the parts of this version.</summary>
    public required LiveSegment? Open { get; init; }

    public required ReadOnlyMemory<LivePart> OpenParts { get; init; }

    /// <summary>The initialization segment for what follows.</summary>
    public required LiveInit? Init { get; init; }

    /// <summary>MSN and index of the last part; <see langword="null"/> before the first.</summary>
    public (long Msn, int Part)? LastPart
    {
        get
        {
            if (!OpenParts.IsEmpty) { return (Open!.Msn, OpenParts.Length - 1); }
            ReadOnlySpan<MediaSegment> segments = Playlist.Segments.Span;
            return segments.IsEmpty ? null : (segments[^1].Msn, segments[^1].Parts.Length - 1);
        }
    }

    /// <summary>The playlist's bytes in one form, rendered once and shared by everyone who asks.</summary>
    public byte[] GetText(PlaylistForm form, OriginMetrics metrics)
    {
        byte[]? text = Volatile.Read(ref _texts[(int)form]);
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
            if (_texts[(int)form] is { } done) { return done; }
            byte[] text = form switch
            {
                PlaylistForm.Full => Write(0),
                PlaylistForm.Delta => Playlist.CountSkippableSegments() is > 0 and int skipped ? Write(skipped) : GetText(PlaylistForm.Full, metrics),
                PlaylistForm.FullGzip => Gzip.Compress(GetText(PlaylistForm.Full, metrics)),
                _ => Playlist.CountSkippableSegments() == 0 ? GetText(PlaylistForm.FullGzip, metrics) : Gzip.Compress(GetText(PlaylistForm.Delta, metrics)),
            };
            metrics.PlaylistRenderings.Add(1, new KeyValuePair<string, object?>("form", form));
            Volatile.Write(ref _texts[(int)form], text);
            return text;
        }
    }

    // The reports are taken once, so that all forms of one version say the same.
    private byte[] Write(int skipped)
    {
        _reports ??= stream.ReportsFor(rendition);
        var output = new ArrayBufferWriter<byte>(1024 + 96 * (Playlist.Segments.Length - skipped));
        MediaPlaylistWriter.Write(Playlist, _reports, skipped, output);
        return output.WrittenSpan.ToArray();
    }
}
