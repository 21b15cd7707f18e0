using Mirror.Media.Frames;

namespace Mirror.Media.Codecs;

/// <summary>Frame rates as fractions: from the ticks of parameter sets, and from measured intervals.</summary>
public static class FrameRates
{
    private const double FastestPlausible = 1_000;
    private const double Tolerance = 0.002;          // of a measured rate around a standard one; 29.97 and 30 lie 0.001 apart, the nearer wins
    private static readonly Rational[] Standard =
    [
        new(5, 1), new(8, 1), new(10, 1), new(12, 1), new(12_500, 1_000), new(15_000, 1_001), new(15, 1), new(20, 1), new(24_000, 1_001), new(24, 1), new(25, 1),
        new(30_000, 1_001), new(30, 1), new(48_000, 1_001), new(48, 1), new(50, 1), new(60_000, 1_001), new(60, 1), new(72, 1), new(75, 1), new(90, 1),
        new(100, 1), new(120_000, 1_001), new(120, 1), new(144, 1), new(240, 1),
    ];

    /// <summary><paramref name="timeScale"/> / <paramref name="ticksPerFrame"/> in lowest terms; unknown where it is zero or implausible.</summary>
    /// <param name="timeScale">Ticks a second.</param>
    /// <param name="ticksPerFrame">Ticks a frame.</param>
    public static Rational FromTicks(uint timeScale, ulong ticksPerFrame)
    {
        if (timeScale == 0 || ticksPerFrame == 0 || timeScale / (double)ticksPerFrame > FastestPlausible) { return Rational.Unknown; }
        ulong divisor = GreatestCommonDivisor(timeScale, ticksPerFrame);
        ulong denominator = ticksPerFrame / divisor;
        return denominator > uint.MaxValue ? Rational.Unknown : new Rational((uint)(timeScale / divisor), (uint)denominator);
    }

    /// <summary>The standard rate nearest to <paramref name="framesPerSecond"/>, or that rate in thousandths where none is near.</summary>
    /// <param name="framesPerSecond">Measured; unknown results where it is not in (0, 1000].</param>
    public static Rational FromMeasured(double framesPerSecond)
    {
        if (!(framesPerSecond > 0.001 && framesPerSecond <= FastestPlausible)) { return Rational.Unknown; }
        Rational nearest = Standard.MinBy(rate => Math.Abs(rate.Value - framesPerSecond));
        if (Math.Abs(nearest.Value - framesPerSecond) <= Tolerance * framesPerSecond) { return FromTicks(nearest.Numerator, nearest.Denominator); }
        return FromTicks((uint)Math.Round(framesPerSecond * 1_000), 1_000);
    }

    private static ulong GreatestCommonDivisor(ulong a, ulong b)
    {
        while (b != 0) { (a, b) = (b, a % b); }
        return a;
    }
}
