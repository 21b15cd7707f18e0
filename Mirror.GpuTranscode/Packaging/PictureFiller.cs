using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Makes empty pictures while the sound goes on and the picture stays away: encoders repeat the last one, and where it is passed through a gap stands for it.</summary>
/// <remarks>
/// They follow the sound as closely as the picture did, and begin once it is later than any was that came. A picture that returns goes on
/// behind the last empty one. Not thread-safe.
/// </remarks>
/// <param name="output">Takes the empty pictures; borrows them.</param>
/// <param name="changed">Is told when the first of a row was made, and when there are pictures again.</param>
internal sealed class PictureFiller(Action<AccessUnit> output, Action<bool> changed)
{
    private const long ClockRate = VideoPackager.Timescale;
    private const long LargestLag90k = 10 * ClockRate;       // of pictures behind the sound: the aligner leaves a tenth of a second, but beyond its reach all of it
    private const long Patience90k = ClockRate * 3 / 10;     // beyond that lag, and beyond twice the longest picture, they are missing
    private const long LongestRepeat90k = ClockRate / 10;    // of one empty picture
    private const long LongestHole90k = 60 * ClockRate;      // beyond it, times have jumped
    private const int ForgettingShare = 50;                  // of a lag or a long picture that was once, with each picture

    private AccessUnit? _last;
    private long _frame90k = ClockRate / 25;
    private long _longest90k;
    private long _lag90k;
    private long _sound90k;
    private long _end90k;                                    // decoding time of the next picture
    private long _shown90k;                                  // the latest presentation time
    private bool _isMissing;

    /// <summary>A picture comes.</summary>
    /// <returns>Whether it is of use: not where empty ones stand in its place.</returns>
    public bool OnPicture(AccessUnit unit)
    {
        bool continues = _last is not null && !unit.StartsDiscontinuity;
        if (continues && _isMissing && unit.Dts90k < _end90k)
        {
            LearnLag(unit);                                  // no more empty ones, until those that come have made up for it
            return false;
        }
        if (continues && !_isMissing) { Learn(unit); }
        else { _shown90k = unit.Pts90k; }
        if (_isMissing) { changed(_isMissing = false); }
        _last = unit;                                        // for its format and times; its bytes are not looked at
        _end90k = unit.Dts90k + _frame90k;
        _shown90k = Math.Max(_shown90k, unit.Pts90k);
        return true;
    }

    /// <summary>The sound has come this far.</summary>
    public void OnSound(AccessUnit unit)
    {
        if (unit.StartsDiscontinuity) { Interrupt(); }
        _sound90k = unit.Pts90k;
        if (_last is null) { return; }
        long missing90k = _sound90k - _end90k;
        long patience90k = _isMissing ? 0 : Math.Max(Patience90k, _longest90k * 2);
        if (missing90k >= LongestHole90k || missing90k <= _lag90k + patience90k) { return; }
        FillTo(_sound90k - _lag90k, unit.ReceivedTimestamp);
        if (!_isMissing) { changed(_isMissing = true); }
    }

    /// <summary>Nothing follows for now.</summary>
    public void Interrupt() => (_last, _isMissing) = (null, false);

    private void Learn(AccessUnit unit)
    {
        long step90k = unit.Dts90k - _last!.Dts90k;
        if (step90k > 0)
        {
            _frame90k = Math.Min(step90k, LongestRepeat90k);
            _longest90k = Math.Max(step90k, _longest90k - _longest90k / ForgettingShare);
        }
        LearnLag(unit);
    }

    private void LearnLag(AccessUnit unit)
        => _lag90k = Math.Max(_lag90k - _lag90k / ForgettingShare, Math.Clamp(_sound90k - unit.Dts90k, 0, LargestLag90k));

    private void FillTo(long dts90k, long received)
    {
        for (; _end90k + _frame90k <= dts90k; _end90k += _frame90k)
        {
            _shown90k = Math.Max(_shown90k + _frame90k, _end90k);
            var unit = new AccessUnit
            {
                Track = _last!.Track,
                Pts90k = _shown90k,
                Dts90k = _end90k,
                Payload = MediaBuffer.CopyOf([]),
                FrameType = FrameType.Predicted,
                ProgramTime = _last.ProgramTime + TimeSpan.FromSeconds((_shown90k - _last.Pts90k) / (double)ClockRate),
                ReceivedTimestamp = received,
            };
            PackagingMetrics.RepeatedPictures.Add(1);
            output(unit);
            unit.Release();
        }
    }
}
