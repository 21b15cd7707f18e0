namespace Mirror.Media.MpegTs;

/// <summary>Maps 33-bit timestamps to the value nearest the stream's previous one (ITU-T H.222.0 §2.4.3.7).</summary>
/// <remarks>One for all streams of a programme, so that streams on both sides of a wrap agree. Not thread-safe.</remarks>
public sealed class TimestampUnwrapper
{
    /// <summary>Ticks from one wrap to the next: 2^33, or 26.5 h.</summary>
    public const long Period = 1L << 33;

    private long _last;

    /// <summary>Whether a previous value is known.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>The previous value.</summary>
    public long Last => _last;

    /// <summary>Maps a timestamp and makes it the previous one.</summary>
    /// <param name="pts33">PTS or DTS from the PES header: 90 kHz ticks, in [0, 2^33).</param>
    /// <returns>90 kHz ticks on a continuous timeline; negative if the stream steps back across its first zero.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pts33"/> is outside its range.</exception>
    /// <remarks>Assumes neighbours less than 2^32 ticks (13.25 h) apart.</remarks>
    public long Unwrap(long pts33)
    {
        _last = Nearest(pts33);
        IsStarted = true;
        return _last;
    }

    /// <summary>Maps a timestamp without making it the previous one.</summary>
    /// <inheritdoc cref="Unwrap"/>
    public long Nearest(long pts33)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pts33);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pts33, Period);
        return IsStarted ? Nearest(pts33, _last) : pts33;
    }

    /// <summary>The value that equals <paramref name="pts33"/> modulo 2^33 and is nearest to <paramref name="reference"/>.</summary>
    public static long Nearest(long pts33, long reference)
    {
        long forward = (pts33 - reference) & (Period - 1);
        return reference + (forward >= Period / 2 ? forward - Period : forward);
    }

    /// <summary>Moves the previous value to an unwrapped one that was accepted.</summary>
    /// <param name="value">90 kHz ticks, unwrapped.</param>
    public void Advance(long value)
    {
        _last = value;
        IsStarted = true;
    }

    /// <summary>Forgets the previous value: a new timeline starts.</summary>
    public void Reset()
    {
        _last = 0;
        IsStarted = false;
    }
}
