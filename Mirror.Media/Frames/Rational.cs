namespace Mirror.Media.Frames;

/// <summary>A fraction such as a frame rate (30000/1001) or a sample aspect ratio. Zero over anything means unknown.</summary>
public readonly record struct Rational(uint Numerator, uint Denominator)
{
    /// <summary>The value is not known.</summary>
    public static Rational Unknown => new(0, 1);

    /// <summary>Whether the value is known.</summary>
    public bool IsKnown => Numerator != 0 && Denominator != 0;

    /// <summary>The value as a floating-point number; 0 when unknown.</summary>
    public double Value => IsKnown ? (double)Numerator / Denominator : 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Numerator}/{Denominator}";
}
