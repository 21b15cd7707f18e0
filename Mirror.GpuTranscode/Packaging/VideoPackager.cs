using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Decides where video segments begin, and tells the renditions that follow it.</summary>
/// <remarks>
/// A segment begins at the first random access point that is due. Once the encoder's key frames keep one distance, the next cut is
/// decided when a segment begins: its last part can then say that it is the last, and audio needs not wait to know. If the rhythm
/// breaks before the cut, the decision is dropped; if it breaks exactly there, one segment begins without a key frame.
/// </remarks>
internal sealed partial class VideoPackager
{
    /// <summary>Ticks per second: the clock of MPEG-2 TS and RTP, exact for every usual frame rate.</summary>
    public const uint Timescale = 90_000;

    private const long Offset90k = StreamPackager.TimelineOffsetSeconds * Timescale;
    private const long RoundingTicks90k = 4;                 // of timestamps, at a cut that was reckoned from frame durations
    private const double DueShare = 0.85;                    // of the aimed duration: a GOP of 12 frames at 25 fps is meant as "500 ms"
    private const int RegularGops = 3;                       // of equal length, before the next cut is decided beforehand

    private readonly RenditionPackager _rendition;
    private readonly IReadOnlyList<ICutFollower> _followers;
    private readonly long _due90k;
    private readonly ILogger _logger;
    private readonly string _streamId;
    private readonly bool _isEven;
    private long _frame90k;
    private long _lastDelta90k;
    private long _lastDts90k;
    private long _segmentStart90k;
    private int _framesInSegment;
    private int _framesInLastSegment;
    private int _framesSinceKey;
    private int _framesInLastGop;
    private int _equalGops;
    private bool _isDecided;
    private long _decided90k;                                // the length of the segment, where that is so
    private bool _discontinuityWanted;
    private bool _hasWarned;
    private bool _hasCut;
    private long _toldMsn = -1;                              // of the segment that the followers were told of last

    public VideoPackager(RenditionPackager rendition, IReadOnlyList<ICutFollower> followers, TimeSpan segmentDuration, FrameRhythm rhythm, string streamId, ILogger logger)
    {
        _rendition = rendition;
        _rendition.SegmentBegunInHole = OnSegmentInHole;
        _followers = followers;
        _due90k = DueAfter90k(segmentDuration);
        _frame90k = (long)(rhythm.Usual.TotalSeconds * Timescale);
        _isEven = rhythm.IsEven;
        _streamId = streamId;
        _logger = logger;
    }

    public RenditionPackager Rendition => _rendition;

    /// <summary>No picture that is still to come is decoded before this, in 90 kHz ticks.</summary>
    public long Frontier90k => _lastDts90k + _frame90k;

    /// <summary>Where the stream's first segment ends without a key frame, in 90 kHz ticks after its start, so that playlists have a segment to list; 0 where it waits for one.</summary>
    public long FirstCut90k { get; init; }

    /// <summary>Number of its first timeline: above 1 where the stream had sound alone before.</summary>
    public int FirstTimeline { get; init; } = 1;

    /// <summary>Number of the timeline in force; 0 before the first.</summary>
    public int Timelines { get; private set; }

    /// <summary>Discontinuities so far, with those of a sound that was alone before.</summary>
    public int Discontinuities { get; set; }

    /// <summary>How far apart cuts are at least, in 90 kHz ticks.</summary>
    public static long DueAfter90k(TimeSpan segmentDuration) => (long)(segmentDuration.TotalSeconds * DueShare * Timescale);

    /// <summary>Audio changed its format: start a discontinuity in both at the next cut.</summary>
    public void WantDiscontinuity() => _discontinuityWanted = true;

    public void Write(AccessUnit unit)
    {
        if (unit.Dts90k < -Offset90k)
        {
            PackagingMetrics.UnitsDropped.Add(1);            // no file can hold so early a time: an input that jumped back again and again
            return;
        }
        if (unit.Payload.Length == 0)
        {
            if (Timelines > 0) { WriteMissing(unit); }
            return;
        }
        if (Timelines == 0 || unit.StartsDiscontinuity)
        {
            if (!unit.IsRandomAccess)
            {
                PackagingMetrics.UnitsDropped.Add(1);
                return;
            }
            StartTimeline(unit);
        }
        else
        {
            TrackFrameDuration(unit);
            bool isFirstCut = FirstCut90k > 0 && !_hasCut && unit.Dts90k - _segmentStart90k >= FirstCut90k;
            if (isFirstCut) { _rendition.CloseSegment(); }
            _rendition.FillHoleBefore(unit.Dts90k + Offset90k, (uint)_frame90k, _rendition.DateOf(unit, unit.Pts90k + Offset90k, unit.Dts90k + Offset90k));
            if (!unit.Track.SameFormatAs(_rendition.Track)) { StartFormat(unit); }
            else if (_rendition.IsAtSegmentStart && _rendition.SegmentMsn == _toldMsn) { OnReturn(unit); }
            else if (unit.IsRandomAccess) { OnKeyFrame(unit); }
            else if (_rendition.IsAtSegmentStart) { OnForcedCut(unit, isFirstCut); }
        }
        _rendition.Describe(unit.Track);
        _lastDts90k = unit.Dts90k;
        _framesInSegment++;
        _framesSinceKey++;
        bool endsSegment = _isDecided && _framesInSegment == _framesInLastSegment;
        _rendition.Add(unit, unit.Dts90k + Offset90k, unit.Pts90k + Offset90k, (uint)_frame90k, endsSegment);
    }

    /// <summary>A picture is missing, and the sound goes on: a gap grows in its place, cut into segments that the others follow.</summary>
    private void WriteMissing(AccessUnit unit)
    {
        long decode = unit.Dts90k + Offset90k;
        long length90k = _isDecided ? _decided90k - RoundingTicks90k : _rendition.Plan.TargetDuration * (long)Timescale;
        bool isDue = unit.Pts90k - _segmentStart90k >= length90k;
        if (isDue || decode - _rendition.NextDecodeTime >= _rendition.Plan.PartTargetTicks) { _rendition.FillTo(decode, _rendition.DateOf(unit, unit.Pts90k + Offset90k, decode)); }
        _lastDts90k = unit.Dts90k;
        if (!isDue) { return; }
        _rendition.CloseSegment();
        Tell(CutAt(unit, isDiscontinuity: false));
        (_segmentStart90k, _framesInLastSegment, _framesInSegment) = (unit.Pts90k, _framesInSegment, 0);
        (_isDecided, _equalGops) = (false, 0);
    }

    /// <summary>The publisher is gone: what is complete goes out.</summary>
    public void Interrupt()
    {
        _rendition.CloseSegment();
        LoseRhythm();
    }

    private void StartTimeline(AccessUnit unit)
    {
        if (Timelines > 0) { Discontinuities++; }
        Timelines = Timelines == 0 ? FirstTimeline : Timelines + 1;
        _rendition.StartDiscontinuity();
        if (!unit.Track.SameFormatAs(_rendition.Track)) { _rendition.ChangeFormat(unit.Track); }
        ResetGrid(unit);
        Cut cut = CutAt(unit, isDiscontinuity: Timelines > 1);
        _toldMsn = cut.Msn;
        foreach (ICutFollower follower in _followers) { follower.StartTimeline(cut); }
    }

    private void StartFormat(AccessUnit unit)
    {
        Discontinuities++;
        _rendition.StartDiscontinuity();
        _rendition.ChangeFormat(unit.Track);
        ResetGrid(unit);
        Tell(CutAt(unit, isDiscontinuity: true));
        _discontinuityWanted = false;
    }

    private void ResetGrid(AccessUnit unit)
    {
        _segmentStart90k = unit.Pts90k;
        (_framesInSegment, _framesInLastSegment, _framesSinceKey) = (0, 0, 0);
        (_equalGops, _isDecided) = (0, false);
        FollowTrack(unit);
    }

    /// <summary>What the track says of its rate, which is its mean: where frames come unevenly, that tells of none of them.</summary>
    private void FollowTrack(AccessUnit unit)
    {
        if (_isEven && ((VideoTrack)unit.Track).FrameRate is { IsKnown: true } rate) { _frame90k = (long)(Timescale / rate.Value); }
    }

    /// <summary>
    /// A dropped frame doubles one delta: the expectation follows a new rate, not an accident. Of two deltas the shorter is expected: the
    /// clock rounds 59.94 fps to 1501 and 1502 in turn, and a picture decoded a tick early has a composition offset that is never negative,
    /// which not every player reads.
    /// </summary>
    private void TrackFrameDuration(AccessUnit unit)
    {
        long delta = unit.Dts90k - _lastDts90k;
        if (delta > 0 && delta < _frame90k * 3 / 2)
        {
            _frame90k = Math.Min(delta, _lastDelta90k > delta * 3 / 2 || _lastDelta90k == 0 ? delta : _lastDelta90k);
            _lastDelta90k = delta;
        }
        else if (delta > 0) { FollowTrack(unit); }
    }

    /// <summary>The segment was begun by a picture that is missing.</summary>
    private void OnReturn(AccessUnit unit)
    {
        if (unit.IsRandomAccess) { (_framesInLastGop, _framesSinceKey) = (_framesSinceKey, 0); }
        LoseRhythm();
    }

    private void OnKeyFrame(AccessUnit unit)
    {
        bool keepsRhythm = _framesSinceKey == _framesInLastGop;
        (_framesInLastGop, _framesSinceKey) = (_framesSinceKey, 0);
        _equalGops = keepsRhythm ? _equalGops + 1 : 0;
        if (!keepsRhythm && !_rendition.IsAtSegmentStart) { Undecide(); }
        bool ended = _rendition.IsAtSegmentStart;            // by decision, or for its length
        if (!ended && (_isDecided || unit.Pts90k - _segmentStart90k < _due90k)) { return; }
        if (!ended) { _rendition.CloseSegment(); }
        if (_discontinuityWanted)
        {
            Discontinuities++;
            _rendition.StartDiscontinuity();
        }
        Tell(CutAt(unit, _discontinuityWanted));
        _discontinuityWanted = false;
        BeginSegment(unit);
    }

    private void OnForcedCut(AccessUnit unit, bool isMeant)
    {
        if (!isMeant && !_isDecided && !_hasWarned)
        {
            _hasWarned = true;
            LogForcedCut(_streamId, _rendition.Plan.TargetDuration);
        }
        PackagingMetrics.ForcedCuts.Add(1);
        LoseRhythm();
        Tell(CutAt(unit, isDiscontinuity: false));
        BeginSegment(unit);
    }

    /// <summary>Pictures are missing where a segment begins.</summary>
    private void OnSegmentInHole(long decode, DateTime programTime)
    {
        if (_rendition.SegmentMsn == _toldMsn) { return; }
        LoseRhythm();
        long at90k = decode - Offset90k;
        Tell(new Cut(Timelines, at90k, programTime, IsDiscontinuity: false, _rendition.SegmentMsn));
        (_segmentStart90k, _framesInLastSegment, _framesInSegment) = (at90k, _framesInSegment, 0);
    }

    private void BeginSegment(AccessUnit unit)
    {
        bool keepsLength = _framesInSegment == _framesInLastSegment;
        (_framesInLastSegment, _framesInSegment) = (_framesInSegment, 0);
        _segmentStart90k = unit.Pts90k;
        _isDecided = keepsLength && _equalGops >= RegularGops;
        if (!_isDecided) { return; }
        long length90k = _decided90k = _framesInLastSegment * _frame90k;
        var decided = new Cut(Timelines, unit.Pts90k + length90k, unit.ProgramTime + TimeSpan.FromSeconds((double)length90k / Timescale), IsDiscontinuity: false, _rendition.SegmentMsn + 1);
        foreach (ICutFollower follower in _followers) { follower.Decide(decided); }
    }

    /// <summary>The cut that <paramref name="unit"/>, which is still to be added, begins.</summary>
    private Cut CutAt(AccessUnit unit, bool isDiscontinuity) => new(Timelines, unit.Pts90k, unit.ProgramTime, isDiscontinuity, _rendition.SegmentMsn);

    private void Tell(Cut cut)
    {
        (_toldMsn, _hasCut) = (cut.Msn, true);
        foreach (ICutFollower follower in _followers) { follower.Add(cut); }
    }

    private void Undecide()
    {
        if (!_isDecided) { return; }
        _isDecided = false;
        foreach (ICutFollower follower in _followers) { follower.Undecide(); }
    }

    private void LoseRhythm()
    {
        Undecide();
        _equalGops = 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: its key frames are further apart than its playlist's target duration of {Seconds} s, so some segments start without one. Set a fixed key-frame distance of 0.5 to 2 s in the encoder")]
    private partial void LogForcedCut(string stream, int seconds);
}
