using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages audio, cut at the first frame at or after each video cut; without video, at the aimed duration.</summary>
/// <remarks>
/// Decoding times count samples, so that they are free of the 90 kHz clock's rounding; the count is set right when it is more than half a
/// frame off the input's timestamps. A frame waits, briefly, while video might still cut before it. Where audio stays away, gaps are
/// marked, so that players go on with the picture. What is still to come of a timeline that video has left goes by the cuts of that one.
/// </remarks>
/// <param name="rendition">The rendition.</param>
/// <param name="cuts">Where video is cut.</param>
/// <param name="follower">Is told of the cuts that sound makes for itself, where there is no video.</param>
/// <param name="segmentDuration">Aimed duration of a segment.</param>
/// <param name="leads">Whether it makes cuts where there is no video; other sounds follow those.</param>
internal sealed class AudioPackager(RenditionPackager rendition, CutSchedule cuts, ICutFollower follower, TimeSpan segmentDuration, bool leads = true)
{
    private const int MostHeldFrames = 6;                    // about 130 ms of AAC: a worse interleaving is cut where it stands
    private const int MostHeldFramesAtStart = 120;           // while video has not begun the new timeline
    private const long ClockRate = 90_000;
    private const long RoundingTicks90k = 4;                 // of timestamps, at a cut that was reckoned from frame durations
    private const int SmallestHolePerSecond = 50;            // 20 ms: about a frame
    private const long LargestLead90k = ClockRate / 10;      // of sound that begins a timeline together with its picture: a frame
    private const long LongestApart90k = 3 * ClockRate;      // of tracks in a multiplex
    private static readonly long LongestLag90k = 2 * ClockRate;

    // Without video, a segment may end half a frame or so before the aim; with it, no cut comes sooner than this after the last.
    private readonly long _due90k = VideoPackager.DueAfter90k(segmentDuration);
    private readonly Queue<AccessUnit> _held = new();
    private int _timeline;                                   // of the newest frame, held or not
    private long _timelineStart90k;
    private bool _isToStart;                                 // the timeline: its first frame is held
    private bool _hasStarted;                                // any timeline
    private Cut? _start;                                     // of the timeline, where video has begun it
    private long _segmentStart90k;
    private bool _hasAskedForDiscontinuity;
    private bool _tellsTimeline;
    private bool _tellsFormat;
    private int _frameSamples;                               // of the last frame

    public RenditionPackager Rendition => rendition;

    /// <summary>Discontinuities that it made by itself, where there is no video.</summary>
    public int Discontinuities { get; private set; }

    private long SampleRate => rendition.Plan.Timescale;

    /// <summary>The timeline of its newest frame; 0 before the first.</summary>
    public int Timeline => _timeline;

    /// <summary>Whether its newest timeline is the one that <paramref name="picture"/> begins: then it has nothing of before that.</summary>
    public bool HasBegunTimelineOf(AccessUnit picture)
    {
        long lead90k = picture.Pts90k - _timelineStart90k;
        return lead90k is > -LongestApart90k and < LargestLead90k;
    }

    /// <summary>Takes the next frame; <paramref name="video"/> is <see langword="null"/> for a stream without.</summary>
    public void Write(AccessUnit unit, VideoPackager? video)
    {
        if (_timeline == 0 || unit.StartsDiscontinuity)
        {
            ReleaseAll(video);
            bool isFirst = _timeline == 0;
            _timeline = Math.Max(_timeline + 1, cuts.Timeline);          // there may have been some without this sound
            _timelineStart90k = unit.Pts90k;
            (_isToStart, _hasAskedForDiscontinuity) = (true, false);
            if (video is null && leads) { StartTimelineOfItsOwn(unit, isFirst); }
        }
        // An empty frame is one of silence, for encoders; passed through, it is a gap.
        if (unit.Payload.Length == 0 && unit.Track.Codec.IsDeliverable()) { return; }
        _held.Enqueue(unit.Retain());
        Release(video);
    }

    /// <summary>Video went on: frames that waited for it may go, and gaps are marked where audio is missing.</summary>
    public void OnVideo(VideoPackager video)
    {
        Release(video);
        if (_timeline != cuts.Timeline) { return; }
        if (_isToStart) { StartTimeline(); }
        Join();
        while (cuts.TryPeek(_timeline, out Cut cut) && cut.Pts90k < video.Frontier90k - LongestLag90k)
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
        if (cuts.Timeline != _timeline) { return cuts.Timeline > _timeline || _held.Count > MostHeldFramesAtStart; }
        return unit.Pts90k < Math.Max(video.Frontier90k, cuts.Last90k + _due90k) || _held.Count > MostHeldFrames;
    }

    private void Process(AccessUnit unit, VideoPackager? video)
    {
        if (_isToStart) { StartTimeline(); }
        Join();
        if (!TryAdd(unit, video)) { PackagingMetrics.UnitsDropped.Add(1); }
        unit.Release();
    }

    private bool TryAdd(AccessUnit unit, VideoPackager? video)
    {
        if (unit.SampleCount <= 0 || ToSamples(unit.Pts90k) < 0) { return false; }
        MakeCutsBefore(unit);
        long next90k = unit.Pts90k + unit.SampleCount * ClockRate / SampleRate;
        bool isBeforePicture = video is not null && !rendition.HasTimeline && next90k <= _start?.Pts90k;
        if (isBeforePicture) { return false; }
        if (HasFormatOf(unit, video)) { return TryAddSample(unit, video, next90k); }
        if (SilenceInsteadOf(unit) is { } silence)
        {
            TryAddSample(silence, video, next90k);
            silence.Release();
        }
        return false;
    }

    private bool TryAddSample(AccessUnit unit, VideoPackager? video, long next90k)
    {
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
            if (video is null && leads) { TellCut(unit); }
        }
        bool endsSegment = cuts.TryPeek(_timeline, out Cut cut)
            ? next90k >= cut.Pts90k - RoundingTicks90k
            : video is null && leads && next90k - _segmentStart90k >= _due90k;
        rendition.Describe(unit.Track);
        rendition.Add(unit, decode, decode, (uint)unit.SampleCount, endsSegment);
        _frameSamples = unit.SampleCount;
        return true;
    }

    private void MakeCutsBefore(AccessUnit unit)
    {
        while (cuts.TryPeek(_timeline, out Cut cut) && unit.Pts90k >= cut.Pts90k - RoundingTicks90k)
        {
            cuts.Dequeue();
            Make(cut);
        }
    }

    /// <summary>The timeline begins at the number at which video begins it, behind as many discontinuities.</summary>
    private void StartTimeline()
    {
        _start = null;
        DateTime? date = null;
        while (cuts.TryStart(_timeline, out Cut start))
        {
            // What it has no sound for: the rest of the timeline before, and all of those that it missed.
            while (cuts.TryPass(start.Timeline, out Cut cut))
            {
                Make(cut);
                date = cut.ProgramTime;
            }
            if (rendition.SegmentMsn < start.Msn) { rendition.CloseSegment(); }
            rendition.FillSegmentsTo(start.Msn, date ?? start.ProgramTime);
            if (start.IsDiscontinuity) { rendition.StartDiscontinuity(); }
            _start = start;
            date = start.ProgramTime;
        }
        if (_start is null && _hasStarted) { rendition.StartDiscontinuity(); }       // video may come to it, or never will
        (_isToStart, _hasStarted) = (false, true);
    }

    /// <summary>Video has come to a timeline that audio began alone.</summary>
    private void Join()
    {
        while (_start is null && cuts.TryStart(_timeline, out Cut start))
        {
            if (start.Timeline == _timeline) { _start = start; }
        }
    }

    private void Make(Cut cut)
    {
        long decode = ToSamples(cut.Pts90k);
        if (!rendition.HasTimeline)
        {
            if (rendition.SegmentMsn >= cut.Msn) { _start = cut; }       // the rendition begins later than its timeline
            else if (_start is { } start) { rendition.StartTimeline(ToSamples(start.Pts90k)); }      // no sound came to its first segments
        }
        if (rendition.HasTimeline && decode - rendition.NextDecodeTime > SampleRate / SmallestHolePerSecond) { rendition.FillTo(decode, cut.ProgramTime); }
        // It may have begun already, where the cut was decided and the picture then missed it.
        if (rendition.SegmentMsn < cut.Msn) { rendition.CloseSegment(); }
        rendition.FillSegmentsTo(cut.Msn, cut.ProgramTime);
        if (!cut.IsDiscontinuity) { return; }
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
            _tellsFormat = true;
            Discontinuities++;
        }
        rendition.ChangeFormat(unit.Track);
        return true;
    }

    /// <summary>
    /// Until the cut that a new format waits for, silence of the old one, where both have the same frames: with neither, players would stop there.
    /// </summary>
    private AccessUnit? SilenceInsteadOf(AccessUnit unit)
    {
        if (rendition.Track is not AudioTrack { Codec: Codec.Aac } track || track.SampleRate != ((AudioTrack)unit.Track).SampleRate || unit.SampleCount != _frameSamples) { return null; }
        if (SilentAacFrame.For(track.DecoderConfiguration.Span) is not { } silent) { return null; }
        PackagingMetrics.SilentFrames.Add(1);
        return new AccessUnit
        {
            Track = track,
            Pts90k = unit.Pts90k,
            Dts90k = unit.Dts90k,
            Payload = MediaBuffer.CopyOf(silent),
            SampleCount = unit.SampleCount,
            FrameType = FrameType.Key,
            IsRandomAccess = true,
            ProgramTime = unit.ProgramTime,
            ReceivedTimestamp = unit.ReceivedTimestamp,
        };
    }

    private void StartTimelineOfItsOwn(AccessUnit unit, bool isFirst)
    {
        cuts.StartTimeline(new Cut(_timeline, unit.Pts90k, unit.ProgramTime, IsDiscontinuity: !isFirst, rendition.SegmentMsn));
        if (!isFirst) { Discontinuities++; }
        _tellsTimeline = true;
    }

    private void TellCut(AccessUnit unit)
    {
        var cut = new Cut(_timeline, unit.Pts90k, unit.ProgramTime, IsDiscontinuity: _tellsFormat || (_tellsTimeline && _start is { IsDiscontinuity: true }), rendition.SegmentMsn);
        if (_tellsTimeline) { follower.StartTimeline(cut); }
        else { follower.Add(cut); }
        (_tellsTimeline, _tellsFormat) = (false, false);
    }

    private long ToSamples(long pts90k)
    {
        long shifted = pts90k + StreamPackager.TimelineOffsetSeconds * ClockRate;
        return (shifted * SampleRate + ClockRate / 2) / ClockRate;
    }
}
