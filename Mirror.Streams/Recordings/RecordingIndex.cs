using System.Buffers;

namespace Mirror.Streams.Recordings;

/// <summary>What a recording consists of, as its index says; fed with the index's bytes as they come. Not thread-safe.</summary>
/// <remarks>
/// Readers and writers alike follow these rules: a line that cannot be read is passed over, an entry that does not fit (a number that a
/// rendition has already, anything behind the end) changes nothing. So several nodes that wrote one after the other, and told some things
/// twice, made one recording.
/// </remarks>
public sealed class RecordingIndex
{
    private const int MostRenditions = 64;
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(250);     // between segments by the wall clock of who made them
    private readonly List<RecordedRendition> _renditions = [];
    private readonly ArrayBufferWriter<byte> _rest = new();                          // of a line whose end has not come
    private readonly SortedSet<long> _numbers = [];                                  // of all renditions, without those removed
    private long _firstMsn;
    private long _lastMsn = -1;
    private DateTime _lastEnd;

    /// <summary>Bytes of the index so far.</summary>
    public long Position { get; private set; }

    /// <summary>The last line has no end: it is torn, or still to come.</summary>
    public bool IsTorn => _rest.WrittenCount > 0;

    /// <summary>Lines that cannot be read.</summary>
    public int MalformedLines { get; private set; }

    /// <summary>The renditions that have an initialization segment, by first appearance.</summary>
    public IReadOnlyList<RecordedRendition> Renditions => _renditions;

    /// <summary>When the recording was begun (UTC); <see langword="null"/> before its first entry.</summary>
    public DateTime? OpenedAt { get; private set; }

    /// <summary>The node that records, or did last; <see langword="null"/> before the first entry.</summary>
    public string? Node { get; private set; }

    /// <summary>When it was completed (UTC); <see langword="null"/> while it is not.</summary>
    public DateTime? ClosedAt { get; private set; }

    /// <summary>No entry follows.</summary>
    public bool IsComplete => ClosedAt is not null;

    /// <summary>Wall-clock time (UTC) at which its last segment ends; when it was begun, before there is one.</summary>
    public DateTime EndsAt => _lastMsn >= 0 ? _lastEnd : OpenedAt ?? default;

    /// <summary>Number of the last segment in any rendition; -1 before the first.</summary>
    public long LastMsn => _lastMsn;

    /// <summary>Segments, counted once over all renditions, that retention has deleted: EXT-X-MEDIA-SEQUENCE of what is left.</summary>
    public long RemovedSegments { get; private set; }

    /// <summary>Discontinuities before segments that retention has deleted: EXT-X-DISCONTINUITY-SEQUENCE of what is left.</summary>
    public int RemovedDiscontinuities { get; private set; }

    /// <summary>Bytes of all files.</summary>
    public long Bytes => _renditions.Sum(rendition => rendition.Bytes);

    /// <summary>Segments of all renditions.</summary>
    public int SegmentCount => _renditions.Sum(rendition => rendition.Segments.Count);

    /// <summary>EXT-X-TARGETDURATION in seconds: no segment is longer, rounded.</summary>
    public int TargetDuration { get; private set; } = 1;

    /// <summary>The rendition that says when what is missing would have been: the first video, or else the first.</summary>
    public RecordedRendition? Main => _renditions.Find(rendition => rendition.IsVideo) ?? _renditions.FirstOrDefault();

    /// <summary>A rendition; <see langword="null"/> if there is none of the name.</summary>
    public RecordedRendition? Find(string rendition) => _renditions.Find(known => known.Name == rendition);

    /// <summary>Reads the next bytes of the index.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Position += bytes.Length;
        while (true)
        {
            int end = bytes.IndexOf((byte)'\n');
            if (end < 0) { break; }
            if (_rest.WrittenCount == 0) { ReadLine(bytes[..end]); }
            else
            {
                Keep(bytes[..end]);
                ReadLine(_rest.WrittenSpan);
                _rest.ResetWrittenCount();
            }
            bytes = bytes[(end + 1)..];
        }
        Keep(bytes);
    }

    /// <summary>The times, of all renditions together, for which nothing was recorded, in order.</summary>
    public IReadOnlyList<RecordingGap> FindGaps()
    {
        List<RecordingGap> gaps = [];
        DateTime? end = null;
        foreach (RecordedSegment segment in RecordingTimeline.Of(this))
        {
            if (end is { } last && segment.Time - last > Tolerance) { Add(last, segment.Time - last); }
            TimeSpan missing = segment.IsGap ? segment.Duration : segment.Missing;
            if (missing > TimeSpan.Zero) { Add(segment.Time, missing); }
            end = segment.Time + segment.Duration;
        }
        return gaps;

        void Add(DateTime from, TimeSpan duration)
        {
            if (gaps.Count > 0 && from - (gaps[^1].From + gaps[^1].Duration) <= Tolerance) { gaps[^1] = new RecordingGap(gaps[^1].From, from + duration - gaps[^1].From); }
            else { gaps.Add(new RecordingGap(from, duration)); }
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        // A line that is too long needs no more bytes to be turned down.
        int room = RecordingIndexCodec.LongestLine + 1 - _rest.WrittenCount;
        _rest.Write(bytes[..Math.Min(bytes.Length, room)]);
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty) { return; }
        if (RecordingIndexCodec.Read(line) is { } entry) { Apply(entry); }
        else { MalformedLines++; }
    }

    private void Apply(RecordingEntry entry)
    {
        if (IsComplete) { return; }
        switch (entry)
        {
            case RecordingOpened opened:
                OpenedAt ??= opened.Time;
                Node = opened.Node;
                break;
            case InitRecorded init:
                Apply(init);
                break;
            case SegmentRecorded segment:
                Apply(segment);
                break;
            case SegmentsRemoved removed:
                RemoveBefore(removed.FirstMsn);
                break;
            case RecordingClosed closed:
                ClosedAt = closed.Time;
                break;
        }
    }

    private void Apply(InitRecorded init)
    {
        RecordedRendition? rendition = Find(init.Rendition);
        if (rendition is null)
        {
            if (_renditions.Count == MostRenditions) { return; }
            rendition = new RecordedRendition(init.Rendition);
            _renditions.Add(rendition);
        }
        if (rendition.Add(init)) { TargetDuration = Math.Max(TargetDuration, init.TargetDuration); }
    }

    private void Apply(SegmentRecorded segment)
    {
        if (segment.Msn < _firstMsn || Find(segment.Rendition)?.Add(segment) != true) { return; }
        _numbers.Add(segment.Msn);
        TargetDuration = Math.Max(TargetDuration, (int)Math.Round(segment.Duration.TotalSeconds, MidpointRounding.AwayFromZero));
        _lastMsn = Math.Max(_lastMsn, segment.Msn);
        DateTime end = segment.Time + segment.Duration;
        _lastEnd = end > _lastEnd ? end : _lastEnd;
    }

    private void RemoveBefore(long msn)
    {
        RemovedDiscontinuities += _renditions.SelectMany(rendition => rendition.Segments.TakeWhile(segment => segment.Msn < msn)).Where(segment => segment.StartsDiscontinuity)
            .Select(segment => segment.Msn).Distinct().Count();
        foreach (RecordedRendition rendition in _renditions) { rendition.RemoveBefore(msn); }
        _firstMsn = Math.Max(_firstMsn, msn);
        while (_numbers.Count > 0 && _numbers.Min < msn)
        {
            _numbers.Remove(_numbers.Min);
            RemovedSegments++;
        }
    }
}

/// <summary>A time for which nothing was recorded.</summary>
/// <param name="From">Wall-clock time (UTC) at which it begins.</param>
/// <param name="Duration">How long it is.</param>
public readonly record struct RecordingGap(DateTime From, TimeSpan Duration);
