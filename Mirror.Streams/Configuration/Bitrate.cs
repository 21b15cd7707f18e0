using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mirror.Streams.Configuration;

/// <summary>A rate in bits per second as people write it in configuration: <c>50Mbps</c>, <c>400kbps</c>, or plain <c>50000000</c>.</summary>
/// <param name="BitsPerSecond">The rate in bits per second, from 0.</param>
/// <remarks>Units are powers of 1000. Case does not matter: there are no milli-bits.</remarks>
[TypeConverter(typeof(ParsableConverter<Bitrate>))]
public readonly record struct Bitrate(long BitsPerSecond) : IParsable<Bitrate>, IComparable<Bitrate>, IComparable
{
    private static readonly (string Unit, decimal Factor)[] Units = [("Gbps", 1e9m), ("Mbps", 1e6m), ("kbps", 1e3m), ("bps", 1)];

    /// <summary>The rate in bytes per second, rounded down: the unit of libsrt's bandwidth options.</summary>
    public long BytesPerSecond => BitsPerSecond / 8;

    /// <summary>A rate in megabits per second.</summary>
    public static Bitrate FromMegabits(long megabitsPerSecond) => new(megabitsPerSecond * 1_000_000);

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Bitrate result)
    {
        bool valid = Quantity.TryParse(s, Units, out long bitsPerSecond);
        result = new Bitrate(bitsPerSecond);
        return valid;
    }

    /// <inheritdoc/>
    /// <exception cref="FormatException"><paramref name="s"/> is no rate.</exception>
    public static Bitrate Parse(string s, IFormatProvider? provider)
        => TryParse(s, provider, out Bitrate rate) ? rate : throw new FormatException($"'{s}' is not a rate such as 50Mbps.");

    /// <summary>The rate in the largest unit that states it exactly: <c>50Mbps</c>.</summary>
    public override string ToString()
    {
        long rate = BitsPerSecond;
        (string unit, decimal factor) = Units.FirstOrDefault(unit => rate != 0 && rate % unit.Factor == 0, ("bps", 1));
        return (rate / factor).ToString(CultureInfo.InvariantCulture) + unit;
    }

    /// <inheritdoc/>
    public int CompareTo(Bitrate other) => BitsPerSecond.CompareTo(other.BitsPerSecond);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj is Bitrate other ? CompareTo(other) : 1;

    /// <summary>Compares two rates.</summary>
    public static bool operator <(Bitrate left, Bitrate right) => left.BitsPerSecond < right.BitsPerSecond;

    /// <summary>Compares two rates.</summary>
    public static bool operator >(Bitrate left, Bitrate right) => left.BitsPerSecond > right.BitsPerSecond;

    /// <summary>Compares two rates.</summary>
    public static bool operator <=(Bitrate left, Bitrate right) => left.BitsPerSecond <= right.BitsPerSecond;

    /// <summary>Compares two rates.</summary>
    public static bool operator >=(Bitrate left, Bitrate right) => left.BitsPerSecond >= right.BitsPerSecond;
}
