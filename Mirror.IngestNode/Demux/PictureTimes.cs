using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Tells from the order counts of pictures when each should be presented, so that a missing or absurd PTS can be replaced.</summary>
/// <remarks>
/// A picture's position is its order count on one scale for the whole stream: where the count starts again, it continues behind the last
/// position. The rate, ticks for each step of position, is learned from the PTS that are believed.
/// </remarks>
internal struct PictureTimes
{
    private const long TicksPerSecond = 90_000;
    private const int StampsToTrust = 6;                   // in a row that came as expected, before one that does not is doubted
    private const int StepsToTrust = 8;                    // differences of order counts before their common divisor is a frame
    private const int MostFramesApart = 64;                // of neighbours in decoding order; more is a damaged or unannounced count
    private const int FieldsOfFrame = 2;                   // H.264 counts fields
    private const double LongestFrame = 10 * TicksPerSecond;
    private const double ShortestFrame = TicksPerSecond / 300.0;
    private const double ExpectedWithin = 0.3;             // of a frame: encoders that round to milliseconds
    private bool _hasPosition;
    private long _base;                                    // position of order count 0
    private long _last;
    private long _largest;
    private int _divisor;                                  // common one of all differences between neighbours
    private int _steps;
    private bool _countsFields;
    private bool _hasStamp;
    private long _stampPosition;
    private long _stampPts;
    private double _rate;                                  // ticks for each step of position; 0 until it is known
    private int _expected;                                 // stamps in a row that came as expected
    private bool _isRateDoubted;                           // the latest stamp did not: one alone may follow a gap

    /// <summary>Whether the latest PTS came as expected, so that one which does not is doubtful.</summary>
    public readonly bool IsRegular => _expected >= StampsToTrust;

    /// <summary>Whether any PTS was believed.</summary>
    public readonly bool IsStarted => _hasStamp;

    /// <summary>90 kHz ticks from one frame to the next as the stamps show; 0 until they do.</summary>
    public readonly long FrameDuration => _expected > 0 ? (long)Math.Round(_rate * FrameStep) : 0;

    private readonly int FrameStep
    {
        get
        {
            int usual = _countsFields ? FieldsOfFrame : 1;
            return _divisor == 0 ? usual : _steps >= StepsToTrust ? _divisor : Math.Min(_divisor, usual);
        }
    }

    /// <summary>The position of the next picture in decoding order. Call it for every picture.</summary>
    public long Advance(in PictureInfo picture)
    {
        if (picture.Track is null)               // order counts cannot be read yet
        {
            this = default;
            return 0;
        }
        _countsFields = picture.Track.Codec == Codec.H264;
        long next = _hasPosition ? _largest + FrameStep : 0;
        long position = next;
        if (picture.OutputOrder is { } order)
        {
            if (!_hasPosition || picture.RestartsOrder) { _base = next; }
            position = _base + order;
            if (_hasPosition && Math.Abs(position - _last) > MostFramesApart * (long)FrameStep)
            {
                position = next;
                _base = position - order;
            }
            if (_hasPosition && !picture.RestartsOrder) { LearnStep(position - _last); }
        }
        _largest = _hasPosition ? Math.Max(_largest, position) : position;
        _last = position;
        _hasPosition = true;
        return position;
    }

    /// <summary>When the picture at a position is presented, in 90 kHz ticks; call it once <see cref="IsStarted"/>.</summary>
    /// <param name="position">From <see cref="Advance"/>.</param>
    /// <param name="frame">Ticks from one frame to the next, where the stamps have not shown it.</param>
    public readonly long Expect(long position, long frame)
        => _stampPts + (long)Math.Round((position - _stampPosition) * (_rate > 0 ? _rate : (double)frame / FrameStep));

    /// <summary>Whether a PTS is where the order count says, within a part of a frame.</summary>
    public readonly bool IsExpected(long position, long pts, long frame)
        => _hasStamp && Math.Abs(pts - Expect(position, frame)) <= ExpectedWithin * (_rate > 0 ? _rate * FrameStep : frame);

    /// <summary>Whether two pictures are as far apart in time as in position.</summary>
    public readonly bool Agree(long position, long pts, long otherPosition, long otherPts, long frame)
    {
        double rate = _rate > 0 ? _rate : (double)frame / FrameStep;
        return Math.Abs(otherPts - pts - (otherPosition - position) * rate) <= ExpectedWithin * rate * FrameStep;
    }

    /// <summary>A PTS is believed.</summary>
    public void Learn(long position, long pts, long frame)
    {
        bool isExpected = IsExpected(position, pts, frame);
        _expected = isExpected ? _expected + 1 : 0;
        long distance = position - _stampPosition;
        bool isGap = _rate > 0 && !_isRateDoubted;
        _isRateDoubted = !isExpected;
        if (_hasStamp && distance != 0 && !isExpected && !isGap)
        {
            double rate = (pts - _stampPts) / (double)distance;
            _rate = rate * FrameStep is >= ShortestFrame and <= LongestFrame ? rate : 0;
        }
        else if (isExpected && _rate == 0) { _rate = (double)frame / FrameStep; }
        (_stampPosition, _stampPts, _hasStamp) = (position, pts, true);
    }

    /// <summary>Timestamps have stepped: what was learned of the frame rate still holds.</summary>
    public void Restart() => (_hasStamp, _expected) = (false, 0);

    private void LearnStep(long difference)
    {
        if (difference == 0) { return; }
        _steps++;
        (long a, long b) = (Math.Abs(difference), _divisor);
        while (b != 0) { (a, b) = (b, a % b); }
        _divisor = (int)a;
    }
}
