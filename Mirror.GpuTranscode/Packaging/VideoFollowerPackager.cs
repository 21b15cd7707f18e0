using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Codecs.Captions;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages the pictures of one encoded rendition at the source's cuts.</summary>
internal sealed class VideoFollowerPackager : FollowerPackager
{
    private const long Offset90k = StreamPackager.TimelineOffsetSeconds * VideoPackager.Timescale;

    // Not every encoder writes captions, so the encoded frames are read.
    private readonly CaptionDetector _captions = new();
    private readonly bool _isReordered;
    private readonly long _longestStep90k;                   // more than a frame where the source's pictures come unevenly, or a cap leaves some out
    private long _frame90k;
    private long _lastDts90k;
    private long _lastStep90k;

    /// <param name="plan">The playlist's constants; the first number is that of the first cut to come.</param>
    /// <param name="rhythm">How far apart its frames are.</param>
    /// <param name="isReordered">Frames come in another order than they are shown in: there are B-frames.</param>
    /// <param name="publisher">Where parts go.</param>
    /// <param name="maxLag">How late a frame may be decoded.</param>
    /// <param name="time">Tells when the last frame came.</param>
    public VideoFollowerPackager(RenditionPlan plan, FrameRhythm rhythm, bool isReordered, PartPublisher publisher, TimeSpan maxLag, TimeProvider time)
        : base(new RenditionPackager(plan, track: null, publisher), maxLag, time)
    {
        _frame90k = (long)(rhythm.Usual.TotalSeconds * VideoPackager.Timescale);
        _longestStep90k = rhythm.IsEven ? 0 : (long)(rhythm.Longest.TotalSeconds * VideoPackager.Timescale);
        _isReordered = isReordered;
    }

    protected override long LargestStretch => Math.Max(_frame90k / 2, _longestStep90k - _frame90k / 2);

    /// <summary>Takes an encoded frame, and its reference of <paramref name="payload"/>.</summary>
    public void Write(VideoTrack track, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload)
    {
        BeginSegments(timeline, pts90k);
        _captions.ReadSample(track.Codec, payload.Span);
        if (Segment is { } segment && segment.Timeline == timeline && HasFormatOf(track, isKey) && !IsBehind(segment, pts90k, dts90k))
        {
            TrackFrameDuration(dts90k);
            if (!ReferenceEquals(_captions.Services, ((VideoTrack)Rendition.Track!).Captions))
            {
                Rendition.Describe(track with { Captions = _captions.Services });
            }
            var unit = new AccessUnit
            {
                Track = track,
                Pts90k = pts90k,
                Dts90k = dts90k,
                Payload = payload,
                FrameType = isKey ? FrameType.Key : FrameType.Predicted,
                IsRandomAccess = isKey,
                ProgramTime = segment.TimeAt(pts90k),
                ReceivedTimestamp = receivedTimestamp,
            };
            bool ends = EndsSegment(timeline, pts90k, out long left90k);
            Rendition.Add(unit, dts90k + Offset90k, pts90k + Offset90k, (uint)(ends ? left90k : _frame90k), ends);
        }
        else { PackagingMetrics.UnitsDropped.Add(1); }
        payload.Release();
    }

    protected override long ToTicks(long pts90k) => pts90k + Offset90k;

    protected override void StartTimeline(long start) => Rendition.StartTimeline(start);

    /// <summary>Another format can only begin with a segment.</summary>
    private bool HasFormatOf(VideoTrack track, bool isKey)
    {
        if (track.SameFormatAs(Rendition.Track)) { return true; }
        if (!isKey || !Rendition.IsAtSegmentStart) { return false; }
        Rendition.ChangeFormat(track with { Captions = _captions.Services });
        return true;
    }

    /// <summary>Its time is past: its segment has ended, or a gap or another frame stands there.</summary>
    private bool IsBehind(Cut segment, long pts90k, long dts90k)
        => pts90k < segment.Pts90k - RoundingTicks90k || dts90k + Offset90k < Rendition.NextDecodeTime - _frame90k / 2;

    /// <summary>It is the last before a cut: it lasts until there. With B-frames others may follow it.</summary>
    private bool EndsSegment(int timeline, long pts90k, out long left90k)
    {
        left90k = DistanceToCut90k(timeline, pts90k);
        return !_isReordered && left90k < _frame90k * 5 / 4 && left90k <= Rendition.Plan.PartTargetTicks;
    }

    /// <summary>Two equal steps make a rate; one by itself is an accident. Of two that the 90 kHz clock rounds apart, the shorter is expected. Frames
    /// that are left out, because the machine cannot keep up, make equal steps as well: no part may be longer than its target.</summary>
    private void TrackFrameDuration(long dts90k)
    {
        if (_longestStep90k > 0) { return; }
        long step = dts90k - _lastDts90k;
        if (step > 0 && Math.Abs(step - _lastStep90k) <= RoundingTicks90k) { _frame90k = Math.Min(Math.Min(step, _lastStep90k), Rendition.Plan.PartTargetTicks); }
        (_lastDts90k, _lastStep90k) = (dts90k, step);
    }
}
