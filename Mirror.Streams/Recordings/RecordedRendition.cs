using Mirror.Media.Frames;

namespace Mirror.Streams.Recordings;

/// <summary>One rendition of a recording.</summary>
/// <param name="name">Its name.</param>
public sealed class RecordedRendition(string name)
{
    private const int MostInits = 1024;                      // changes of format; a publisher that makes more is broken
    private readonly List<InitRecorded> _inits = [];
    private readonly List<RecordedSegment> _segments = [];

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Video, or else audio.</summary>
    public bool IsVideo => _inits[0].IsVideo;

    /// <summary>The first format, with the captions of all formats.</summary>
    public Track Track { get; private set; } = null!;

    /// <summary>Its initialization segments, by first use.</summary>
    public IReadOnlyList<InitRecorded> Inits => _inits;

    /// <summary>Its segments, by number.</summary>
    public IReadOnlyList<RecordedSegment> Segments => _segments;

    /// <summary>Number of the last segment ever recorded; -1 before the first.</summary>
    public long LastMsn { get; private set; } = -1;

    /// <summary>Bytes of its segments and initialization segments.</summary>
    public long Bytes { get; private set; }

    /// <summary>The segment of a number; <see langword="null"/> if it was not recorded.</summary>
    public RecordedSegment? Find(long msn)
    {
        int index = IndexOf(msn);
        return index < _segments.Count && _segments[index].Msn == msn ? _segments[index] : null;
    }

    /// <summary>The initialization segment of a name; <see langword="null"/> if it was not recorded.</summary>
    public InitRecorded? FindInit(string initName) => _inits.Find(init => init.Name == initName);

    internal bool Add(InitRecorded init)
    {
        bool isFirst = _inits.Count == 0;
        if (!isFirst && init.IsVideo != IsVideo) { return false; }
        bool isSame = !isFirst && _inits[^1].Name == init.Name;
        if (isSame ? CaptionsOf(init.Track) is null : _inits.Count == MostInits) { return false; }
        Track = isFirst ? init.Track : Track is VideoTrack known ? known with { Captions = CaptionServices.Union(known.Captions, CaptionsOf(init.Track)) } : Track;
        if (isSame)
        {
            _inits[^1] = init;
            return true;
        }
        if (FindInit(init.Name) is null) { Bytes += init.Length; }
        _inits.Add(init);
        return true;
    }

    private static CaptionServices? CaptionsOf(Track track) => (track as VideoTrack)?.Captions;

    internal bool Add(SegmentRecorded segment)
    {
        if (segment.Msn <= LastMsn || _inits.Count == 0) { return false; }
        _segments.Add(new RecordedSegment(segment.Msn, segment.Time, segment.Duration, TimeSpan.FromTicks(segment.MissingTicks), segment.Length,
            segment.StartsDiscontinuity, segment.IsIndependent, _inits[^1].Name));
        LastMsn = segment.Msn;
        Bytes += segment.Length;
        return true;
    }

    internal void RemoveBefore(long msn)
    {
        int count = IndexOf(msn);
        for (int i = 0; i < count; i++) { Bytes -= _segments[i].Length; }
        _segments.RemoveRange(0, count);
    }

    /// <summary>The place of the first segment whose number is not below <paramref name="msn"/>.</summary>
    private int IndexOf(long msn)
    {
        int low = 0;
        int high = _segments.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_segments[middle].Msn < msn) { low = middle + 1; }
            else { high = middle; }
        }
        return low;
    }
}

/// <summary>One segment of a recording.</summary>
/// <param name="Msn">Media sequence number that it had live.</param>
/// <param name="Time">Wall-clock time (UTC) of its first sample's presentation.</param>
/// <param name="Duration">Its duration.</param>
/// <param name="Missing">How much of that is missing.</param>
/// <param name="Length">Its length in bytes; 0 where nothing of it is there.</param>
/// <param name="StartsDiscontinuity">A discontinuity stands before it.</param>
/// <param name="IsIndependent">It starts with a random access point.</param>
/// <param name="Init">Name of the initialization segment in force.</param>
public readonly record struct RecordedSegment(long Msn, DateTime Time, TimeSpan Duration, TimeSpan Missing, int Length, bool StartsDiscontinuity, bool IsIndependent, string Init)
{
    /// <summary>Nothing of it is there: EXT-X-GAP.</summary>
    public bool IsGap => Length == 0;
}
