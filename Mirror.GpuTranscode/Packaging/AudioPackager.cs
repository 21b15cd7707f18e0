using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages audio, cut at the first frame at or after each video cut; without video, at the aimed duration.</summary>
/// <remarks>
/// Decoding times count samples, so that they are free of the 90 kHz clock's rounding; the count is set right when it is more than half a
/// frame off the input's timestamps. A frame waits, briefly, while video might still cut before it. Where audio stays away, gaps are
/// marked, so that players go on with the picture.
/// </remarks>
/// <param name="rendition">The rendition.</param>
/// <param name="cuts">Where video is cut.</param>
/// <param name="follower">Is told of the cuts that sound makes for itself, where there is no video.</param>
/// <param name="segmentDuration">Aimed duration of a segment.</param>
internal sealed class AudioPackager(RenditionPackager rendition, CutSchedule cuts, ICutFollower? follower, TimeSpan segmentDuration)
{
    private const int MostHeldFrames = 6;                    // about 130 ms of AAC: a worse interleaving is cut where it stands
    private const int MostHeldFramesAtStart = 120;           // while video has not begun the new timeline
    private const long ClockRate = 90_000;
    private const long RoundingTicks90k = 4;                 // of timestamps, at a cut that was reckoned from frame durations
    private const int SmallestHolePerSecond = 50;            // 20 ms: about a frame
    private static readonly long LongestLag90k = 2 * ClockRate;

    // Without video, a segment may end half a frame or so before the aim; with it, no cut comes sooner than this after the last.
    private readonly long _due90k = VideoPackager.DueAfter90k(segmentDuration);
    private readonly Queue<AccessUnit> _held = new();
    private int _timelines;
    private long _segmentStart90k;
    private bool _hasAskedForDiscontinuity;
    private bool _startsTimeline;
    private bool _startsFormat;

    public RenditionPackager Rendition => rendition;

    /// <summary>Discontinuities that it made by itself, where there is no video.</summary>
    public int Discontinuities { get; private set; }

    private long SampleRate => rendition.Plan.Timescale;

    /// <summary>Takes the next frame; <paramref name="video"/> is <see langword="null"/> for a stream without.</summary>
    public void Write(AccessUnit unit, VideoPackager? video)
    {
        if (_timelines == 0 || unit.StartsDiscontinuity)
        {
            ReleaseAll(video);
            _timelines++;
            if (_timelines > 1) { rendition.StartDiscontinuity(); }
            _hasAskedForDiscontinuity = false;
            if (video is null) { OnTimelineOfItsOwn(unit); }
        }
        _held.Enqueue(unit.Retain());
        Release(video);
    }

    /// <summary>Video went on: frames that waited for it may go, and gaps are marked where audio is missing.</summary>
    public void OnVideo(VideoPackager video)
    {
        Release(video);
        if (_timelines != video.Timelines) { return; }
        while (cuts.TryPeek(out Cut cut) && cut.Pts90k < video.Frontier90k - LongestLag90k)
        {
            cuts.Dequeue();
            Make(cut);
        }
    }

    /// <summary>Hands out all that waits: a timeline is over.</summary>
    public void ReleaseAll(VideoPackager? video)
    {
        while (_held.TryDequeue(out AccessUnit? unit)) { Process(unit, video); }
    }

    /// <summary>The publisher is gone: what is complete goes out.</summary>
    public void Interrupt(VideoPackager? video)
    {
        ReleaseAll(video);
        rendition.CloseSegment();
    }

    private void Release(VideoPackager? video)
    {
        while (_held.TryPeek(out AccessUnit? unit) && MayGo(unit, video))
        {
            _held.Dequeue();
            Process(unit, video);
        }
    }

    private bool MayGo(AccessUnit unit, VideoPackager? video)
    {
        if (video is null) { return true; }
        if (video.Timelines < _timelines) { return _held.Count > MostHeldFramesAtStart; }
        return unit.Pts90k < Math.Max(video.Frontier90k, cuts.Last90k + _due90k) || _held.Count > MostHeldFrames;
    }

    private void Process(AccessUnit unit, VideoPackager? video)
    {
        if (!TryAdd(unit, video)) { PackagingMetrics.UnitsDropped.Add(1); }
        unit.Release();
    }

    private bool TryAdd(AccessUnit unit, VideoPackager? video)
    {
        if (unit.SampleCount <= 0 || ToSamples(unit.Pts90k) < 0) { return false; }
        MakeCutsBefore(unit);
        long next90k = unit.Pts90k + unit.SampleCount * ClockRate / SampleRate;
        bool isBeforePicture = video is not null && !rendition.HasTimeline && next90k <= cuts.Start90k;
        if (isBeforePicture || !HasFormatOf(unit, video)) { return false; }
        long decode = ToSamples(unit.Pts90k);
        if (rendition.HasTimeline)
        {
            long error = decode - rendition.NextDecodeTime;
            if (error < -unit.SampleCount / 2) { return false; }             // it overlaps what was written
            if (error <= unit.SampleCount / 2) { decode = rendition.NextDecodeTime; }
        }
        if (rendition.IsAtSegmentStart)
        {
            _segmentStart90k = unit.Pts90k;
            if (video is null) { TellCut(unit); }
        }
        bool endsSegment = cuts.TryPeek(out Cut cut)
            ? next90k >= cut.Pts90k - RoundingTicks90k
            : video is null && next90k - _segmentStart90k >= _due90k;
        rendition.Add(unit, decode, decode, (uint)unit.SampleCount, endsSegment);
        return true;
    }

    private void MakeCutsBefore(AccessUnit unit)
    {
        while (cuts.TryPeek(out Cut cut) && unit.Pts90k >= cut.Pts90k - RoundingTicks90k)
        {
            cuts.Dequeue();
            Make(cut);
        }
    }

    private void Make(Cut cut)
    {
        long decode = ToSamples(cut.Pts90k);
        if (rendition.HasTimeline && decode - rendition.NextDecodeTime > SampleRate / SmallestHolePerSecond) { rendition.FillTo(decode, cut.ProgramTime); }
        if (!cut.IsDiscontinuity)
        {
            rendition.CloseSegment();
            return;
        }
        rendition.StartDiscontinuity();
        _hasAskedForDiscontinuity = false;
    }

    /// <summary>Whether the frame fits the initialization segment. Where it doesn't, both renditions need a discontinuity, which video can only make at its next cut.</summary>
    private bool HasFormatOf(AccessUnit unit, VideoPackager? video)
    {
        if (unit.Track.SameFormatAs(rendition.Track)) { return true; }
        if (video is not null && rendition.HasTimeline)
        {
            if (!_hasAskedForDiscontinuity) { video.WantDiscontinuity(); }
            _hasAskedForDiscontinuity = true;
            return false;
        }
        if (rendition.HasTimeline)
        {
            rendition.StartDiscontinuity();
            _startsFormat = true;
            Discontinuities++;
        }
        rendition.ChangeFormat(unit.Track);
        return true;
    }

    private void OnTimelineOfItsOwn(AccessUnit unit)
    {
        cuts.Restart(unit.Pts90k);
        if (_timelines > 1) { Discontinuities++; }
        _startsTimeline = true;
    }

    private void TellCut(AccessUnit unit)
    {
        var cut = new Cut(unit.Pts90k, unit.ProgramTime, IsDiscontinuity: _startsFormat || (_startsTimeline && _timelines > 1), rendition.SegmentMsn);
        if (_startsTimeline) { follower?.StartTimeline(cut); }
        else { follower?.Add(cut); }
        (_startsTimeline, _startsFormat) = (false, false);
    }

    private long ToSamples(long pts90k)
    {
        long shifted = pts90k + StreamPackager.TimelineOffsetSeconds * ClockRate;
        return (shifted * SampleRate + ClockRate / 2) / ClockRate;
    }
}
