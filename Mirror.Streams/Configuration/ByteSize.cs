using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mirror.Streams.Configuration;

/// <summary>A number of bytes as people write it in configuration: <c>4MiB</c>, <c>2GiB</c>, <c>500kB</c>, or plain <c>65536</c>.</summary>
/// <param name="Bytes">The size in bytes, from 0.</param>
/// <remarks>KiB, MiB, GiB and TiB are powers of 1024; kB, MB, GB and TB powers of 1000 (IEC 80000-13). Case does not matter.</remarks>
[TypeConverter(typeof(ParsableConverter<ByteSize>))]
public readonly record struct ByteSize(long Bytes) : IParsable<ByteSize>, IComparable<ByteSize>, IComparable
{
    private static readonly (string Unit, decimal Factor)[] Units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1e12m), ("GB", 1e9m), ("MB", 1e6m), ("kB", 1e3m), ("B", 1),
    ];

    /// <summary>A size in mebibytes.</summary>
    public static ByteSize FromMebibytes(long mebibytes) => new(mebibytes << 20);

    /// <summary>A size in gibibytes.</summary>
    public static ByteSize FromGibibytes(long gibibytes) => new(gibibytes << 30);

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ByteSize result)
    {
        bool valid = Quantity.TryParse(s, Units, out long bytes);
        result = new ByteSize(bytes);
        return valid;
    }

    /// <inheritdoc/>
    /// <exception cref="FormatException"><paramref name="s"/> is no size.</exception>
    public static ByteSize Parse(string s, IFormatProvider? provider)
        => TryParse(s, provider, out ByteSize size) ? size : throw new FormatException($"'{s}' is not a size such as 4MiB.");

    /// <summary>The size in the largest binary unit that states it exactly: <c>4MiB</c>; below 1 KiB in bytes: <c>1316</c>.</summary>
    public override string ToString()
    {
        long bytes = Bytes;
        (string unit, decimal factor) = Units.FirstOrDefault(unit => unit.Unit.Contains('i') && bytes != 0 && bytes % unit.Factor == 0, ("", 1));
        return (bytes / factor).ToString(CultureInfo.InvariantCulture) + unit;
    }

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj is ByteSize other ? CompareTo(other) : 1;

    /// <summary>Compares two sizes.</summary>
    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    /// <summary>Compares two sizes.</summary>
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    /// <summary>Compares two sizes.</summary>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    /// <summary>Compares two sizes.</summary>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;
}
